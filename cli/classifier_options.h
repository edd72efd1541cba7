#pragma once

#include <CLI/CLI.hpp>

#include "fastintent/intent_classifier.h"

namespace fastintent::cli {

/// The classifier that a command uses.
struct ModelOptions : ClassifierOptions {
  bool fastest = false;  ///< --precision auto
};

/// Adds --model and the group Running: --precision, --max-length, --device and --threads. `options`
/// must outlive `command`.
void add_classifier_options(CLI::App& command, ModelOptions& options);

/// The classifier that the parsed options describe; under --precision auto in the fastest
/// precision, which a line on standard error reports.
IntentClassifier open_classifier(const ModelOptions& options);

}  // namespace fastintent::cli
