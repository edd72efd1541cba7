#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "build_info.h"
#include "command_line.h"
#include "exit_codes.h"
#include "fastintent/devices.h"
#include "fastintent/error.h"
#include "fastintent/intent_classifier.h"
#include "fastintent/printable.h"
#include "fastintent/version.h"
#include "output.h"

namespace fastintent::cli {
namespace {

constexpr size_t kNamedIntents = 10;  // enough to recognise a model by
constexpr size_t kNameLength = 100;   // of characters: about a line

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
  const IntentClassifier classifier(options);
  const auto& intents = classifier.intents();
  const size_t named = std::min(intents.size(), kNamedIntents);
  std::vector<std::string> names;
  for (size_t i = 0; i < named; ++i) {
    names.push_back(printable(intents[i], kNameLength));
  }
  write_line(output, "model", folder);
  write_line(output, "encoder", classifier.description());
  write_line(
      output,
      "runs on",
      fmt::format("{} in {}", classifier.device_name(), precision_name(classifier.precision())));
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

int info(const std::string& model) {
  Output output;
  describe_program(output);
  if (!model.empty()) {
    describe_model(model, output);
  }
  output.finish();
  return kOk;
}

constexpr const char* kFooter = R"(
Examples:
  fastintent info
  fastintent info --model intents)";

}  // namespace

void add_info_command(CLI::App& program, CommandLine& line) {
  CLI::App* command = program.add_subcommand("info", "Tell about this program, or about a model.");
  const auto model = std::make_shared<std::string>();
  command->add_option("--model", *model, "trained folder to describe")->type_name("DIR");
  command->footer(kFooter);
  command->parse_complete_callback([model, &line] { line.run = [model] { return info(*model); }; });
}

}  // namespace fastintent::cli
