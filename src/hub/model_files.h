#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fastintent {

/// The files of a repository that fastintent reads: configurations, the tokenizer, and weights as
/// safetensors, in the folder itself and in those of sentence-transformers' modules ("1_Pooling").
/// In the order of `files`, but weights last, so that faults of a model show early.
std::vector<std::string> choose_model_files(const std::vector<std::string>& files);

/// Whether this is a file of weights in safetensors, or the index of several.
bool is_weights(const std::string& file);

/// The most bytes that are fetched of a file of this name.
int64_t most_bytes(const std::string& file);

/// The first file that a model in `folder` needs and lacks; nothing when the model is complete.
/// Files that a malformed file would have named are not reported: loading the model reports the
/// malformed file.
std::optional<std::string> find_missing_model_file(const std::filesystem::path& folder);

}  // namespace fastintent
