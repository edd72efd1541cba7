#include "classifier_options.h"

#include <string>

#include "choices.h"
#include "messages.h"

namespace fastintent::cli {

void add_classifier_options(CLI::App& command, ClassifierOptions& options) {
  options.precision = Precision::fp32;
  command.add_option("--model", options.model_path, "trained folder")->type_name("DIR")->required();
  const std::string group = "Running";
  add_choice(command,
             "--precision",
             options.precision,
             kPrecisions,
             "of the matrix products; auto is the fastest on this device")
      ->group(group);
  command
      .add_option("--max-length",
                  options.max_length,
                  "tokens a text, special ones included; 0: what training used")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(0))
      ->group(group);
  add_worker_options(command, options.device, options.threads);
}

IntentClassifier open_classifier(const ClassifierOptions& options) {
  const bool fastest = options.precision == Precision::automatic;
  IntentClassifier classifier(options);
  if (fastest) {
    const OptimizationReport report = classifier.optimize_for_inference();
    say("precision {}: {}", precision_name(report.precision), report.reason);
  }
  return classifier;
}

}  // namespace fastintent::cli
