#include "classifier_options.h"

#include <string>

#include "choices.h"
#include "messages.h"

namespace fastintent::cli {

void add_classifier_options(CLI::App& command, ModelOptions& options) {
  command.add_option("--model", options.model_path, "trained folder")->type_name("DIR")->required();
  const std::string group = "Running";
  add_choice(command,
             "--precision",
             options.precision,
             kPrecisions,
             "of the matrix products; auto is the fastest on this device that keeps the labels "
             "(default that of a prepared folder, else fp32)")
      ->default_str("")
      ->each([&options](const std::string& name) { options.fastest = name == "auto"; })
      ->group(group);
  command
      .add_option("--label-agreement",
                  options.label_agreement,
                  "labels of the validation rows that --precision auto must keep")
      ->type_name("SHARE")
      ->capture_default_str()
      ->check(between(0, 1))
      ->group(group);
  command
      .add_option("--max-length",
                  options.max_length,
                  "tokens a text, special ones included; 0: what training used")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(0))
      ->group(group);
  add_worker_options(command, options.device, options.gpu, options.threads);
}

IntentClassifier open_classifier(const ModelOptions& options) {
  IntentClassifier classifier(options);
  if (options.fastest) {
    const OptimizationReport report = classifier.optimize_for_inference();
    say("precision {}: {}", precision_name(report.precision), report.reason);
  }
  return classifier;
}

}  // namespace fastintent::cli
