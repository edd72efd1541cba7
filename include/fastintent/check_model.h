#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fastintent {

/// One part of a model's folder that check_model verified.
struct ModelCheck {
  std::string part;     ///< "weights", "tokenizer" ...
  bool passed = false;  ///< whether nothing is wrong with it
  std::string finding;  ///< what it has or, when it did not pass, what is wrong
};

/// Verifies a model's folder, with or without a trained classifier: that all files are there and
/// belong together, that every tensor is complete, finite and of the shape that the configuration
/// names, that labels and tokenizer fit the model, and that the packed weights of a prepared folder
/// match their checksums and the weights they were made of. Reads every byte of the weights, which
/// loading a model does not. Parts that follow from one that did not pass are left out.
///
/// Throws missing_input when there is no such folder. What is wrong in the folder is a check that
/// did not pass.
std::vector<ModelCheck> check_model(const std::filesystem::path& folder);

}  // namespace fastintent
