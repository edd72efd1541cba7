#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "build_info.h"
#include "command_line.h"
#include "exit_codes.h"
#include "fastintent/check_model.h"
#include "fastintent/devices.h"
#include "fastintent/error.h"
#include "fastintent/intent_classifier.h"
#include "fastintent/printable.h"
#include "fastintent/version.h"
#include "json.h"
#include "messages.h"
#include "output.h"

namespace fastintent::cli {
namespace {

constexpr size_t kNamedIntents = 10;  // enough to recognise a model by
constexpr size_t kNameLength = 100;   // of characters: about a line

struct InfoOptions {
  std::string model;
  std::string checked;
  bool json = false;
};

void write_line(Output& output, const std::string& name, const std::string& value) {
  output.write(fmt::format("{:<12}{}\n", name + ":", printable(value)));
}

// The GPUs and their memory, or the reason why there are none.
std::string describe_gpus() {
  if (gpu_count() == 0) {
    try {
      fastest_precision(Device::cuda);
    } catch (const Error& error) {
      return fmt::format("none ({})", error.what());
    }
  }
  ClassifierOptions options;
  options.device = Device::cuda;
  const GpuMemoryStats memory = IntentClassifier(options).get_gpu_memory_stats();
  return fmt::format("{}, {:.1f} GB, {:.1f} GB of them free",
                     memory.device_name,
                     memory.total_memory_gb,
                     memory.free_memory_gb);
}

void describe_program(Output& output) {
  write_line(output, "version", kVersion);
  write_line(output, "build", fmt::format("{}, {}, {}", kTarget, kCompiler, kBuildType));
  write_line(output, "devices", fmt::format("{}", fmt::join(device_names(), ", ")));
  write_line(output, "gpu", describe_gpus());
  const auto [precision, reason] = fastest_precision();
  write_line(output, "precision", fmt::format("auto is {}: {}", precision_name(precision), reason));
}

void describe_model(const std::string& folder, Output& output) {
  ClassifierOptions options;
  options.model_path = folder;
  options.threads = 1;  // nothing is computed
  options.map_word_table = true;
  const IntentClassifier classifier(options);
  const auto& intents = classifier.intents();
  const size_t named = std::min(intents.size(), kNamedIntents);
  std::vector<std::string> names;
  names.reserve(named);
  for (size_t i = 0; i < named; ++i) {
    names.push_back(printable(intents[i], kNameLength));
  }
  write_line(output, "model", folder);
  write_line(output, "encoder", classifier.description());
  write_line(
      output,
      "runs on",
      fmt::format("{} in {}", classifier.device_name(), precision_name(classifier.precision())));
  const auto [precision, reason] = classifier.automatic_precision();
  write_line(output, "auto", fmt::format("{}: {}", precision_name(precision), reason));
  write_line(output, "max length", fmt::format("{} tokens", classifier.max_length()));
  const auto threshold = classifier.review_threshold();
  write_line(output,
             "confidence",
             fmt::format("temperature {:.4g}, {}",
                         classifier.temperature(),
                         threshold ? fmt::format("needs review below {:.4g}", *threshold)
                                   : "no review threshold"));
  write_line(output,
             "intents",
             fmt::format("{}: {}{}",
                         intents.size(),
                         fmt::join(names, ", "),
                         named < intents.size() ? ", ..." : ""));
}

std::string to_json(const std::string& folder, const std::vector<ModelCheck>& checks, bool passed) {
  JsonWriter out = line_writer();
  out.begin_object();
  out.member("model", folder);
  out.member("passed", passed);
  out.key("checks");
  out.begin_array();
  for (const ModelCheck& check : checks) {
    out.begin_object();
    out.member("part", check.part);
    out.member("passed", check.passed);
    out.member("finding", check.finding);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return out.text();
}

int check(const InfoOptions& options) {
  const std::vector<ModelCheck> checks = check_model(options.checked);
  const bool passed = std::all_of(
      checks.begin(), checks.end(), [](const ModelCheck& check) { return check.passed; });
  Output output;
  if (options.json) {
    output.write(to_json(options.checked, checks, passed) + "\n");
  } else {
    for (const ModelCheck& check : checks) {
      output.write(fmt::format(
          "{:<6}  {:<15} {}\n", check.passed ? "ok" : "FAILED", check.part, check.finding));
    }
  }
  output.finish();
  if (!passed) {
    say("info: expected a whole model, found what is marked FAILED ({})", options.checked);
  }
  return passed ? kOk : kBadData;
}

int info(const InfoOptions& options) {
  if (!options.checked.empty()) {
    return check(options);
  }
  Output output;
  describe_program(output);
  if (!options.model.empty()) {
    describe_model(options.model, output);
  }
  output.finish();
  return kOk;
}

constexpr const char* kFooter = R"(
Examples:
  fastintent info
  fastintent info --model intents
  fastintent info --check intents
  fastintent info --check intents --json | jq .passed

--check reads every file of a model, with or without a trained classifier, and writes a line for each
part: its state (ok, FAILED), its name and what was found. The exit code is 65 when one failed.)";

}  // namespace

void add_info_command(CLI::App& program, CommandLine& line) {
  CLI::App* command = program.add_subcommand("info", "Tell about this program, or about a model.");
  const auto options = std::make_shared<InfoOptions>();
  CLI::Option* model = command->add_option("--model", options->model, "trained folder to describe");
  model->type_name("DIR");
  CLI::Option* check =
      command->add_option("--check", options->checked, "folder of a model to verify wholly");
  check->type_name("DIR")->excludes(model);
  command->add_flag("--json", options->json, "print one JSON object instead of the list")
      ->needs(check);
  command->footer(kFooter);
  command->parse_complete_callback(
      [options, &line] { line.run = [options] { return info(*options); }; });
}

}  // namespace fastintent::cli
