#pragma once

#include <filesystem>
#include <string>

#include "fastintent/intent_classifier.h"
#include "input_options.h"

namespace fastintent::cli {

/// What the answers of a run depend on, a line each: "precision int8". The model is identified by
/// its content, so the call reads all its weights; a shard by its place and the size of the file,
/// which decides on the boundaries.
std::string describe_run(const IntentClassifier& classifier,
                         const PredictOptions& options,
                         const InputOptions& input);

/// The file beside unfinished answers that has describe_run of the run that began them.
std::filesystem::path run_file(const std::filesystem::path& answers);

/// Removes that file, which the next run of the same name writes anew.
void remove_run_file(const std::filesystem::path& answers);

/// Compares `run` with the run that began `answers`. Returns false when that is not known, because
/// an earlier release began them. Throws invalid_argument that names what differs.
bool require_same_run(const std::filesystem::path& answers, const std::string& run);

}  // namespace fastintent::cli
