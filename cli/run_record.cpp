#include "run_record.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <system_error>

#include "fastintent/error.h"
#include "fastintent/options.h"

namespace fastintent::cli {
namespace {

constexpr size_t kMostShown = 80;  // of a line that may be anything

// "3/8 of 12345 bytes".
std::string describe_shard(const InputOptions& input) {
  if (!input.shard) {
    return "none";
  }
  std::error_code unknown;  // the file was opened, so that only its removal can cause one
  return fmt::format("{}/{} of {} bytes",
                     input.shard->index,
                     input.shard->count,
                     std::filesystem::file_size(input.input, unknown));
}

}  // namespace

std::string describe_run(const IntentClassifier& classifier,
                         const PredictOptions& options,
                         const InputOptions& input) {
  const auto threshold = classifier.review_threshold();
  const std::string device = classifier.device_name();  // "cpu (avx512)"
  return fmt::format(
      "model {}\nprecision {}\ndevice {}\nmax-length {}\ntop-k {}\nlogits {}\nthreshold {}\n"
      "shard {}\n",
      classifier.fingerprint(),
      precision_name(classifier.precision()),
      device.substr(0, device.find_first_of(" :")),
      classifier.max_length(),
      options.top_k,
      options.with_logits ? "on" : "off",
      threshold ? fmt::format("{}", *threshold) : "none",
      describe_shard(input));
}

std::filesystem::path run_file(const std::filesystem::path& answers) {
  std::filesystem::path file = answers;
  file += ".run";
  return file;
}

void remove_run_file(const std::filesystem::path& answers) {
  std::error_code harmless;
  std::filesystem::remove(run_file(answers), harmless);
}

bool require_same_run(const std::filesystem::path& answers, const std::string& run) {
  const std::filesystem::path path = run_file(answers);
  std::ifstream file(path);
  if (!file) {
    return false;
  }
  std::istringstream expected(run);
  std::string now;
  std::string before;
  while (std::getline(expected, now)) {
    std::getline(file, before);
    if (now != before) {
      throw Error(
          ErrorCode::invalid_argument,
          fmt::format("resume: expected answers of a run with '{}', found one with '{}' ({}); "
                      "repeat the command of that run, or start anew with --force",
                      now,
                      before.substr(0, kMostShown),
                      path.string()));
    }
    before.clear();
  }
  return true;
}

}  // namespace fastintent::cli
