#pragma once

#include <CLI/CLI.hpp>

#include "fastintent/intent_classifier.h"

namespace fastintent::cli {

/// Adds --model and the group Running: --precision, --max-length, --device and --threads. `options`
/// must outlive `command`.
void add_classifier_options(CLI::App& command, ClassifierOptions& options);

/// The classifier that the parsed options ask for; under --precision auto in the fastest precision,
/// and a line on standard error tells which.
IntentClassifier open_classifier(const ClassifierOptions& options);

}  // namespace fastintent::cli
