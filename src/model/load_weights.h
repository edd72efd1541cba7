#pragma once

#include <string>
#include <vector>

#include "model/model_folder.h"
#include "model/model_weights.h"

namespace fastintent {

/// Whether the matrices that prepare_model packs are wanted too, or have been packed before: then
/// neither the file's nor those of the weights are touched.
enum class Matrices { loaded, left_out };

/// Fills `weights`, allocated for `config`, from `folder`; every tensor must be there.
/// Throws bad_checkpoint (file, tensor, expected, found).
void load_trained_weights(const ModelFolder& folder,
                          const ModelConfig& config,
                          const ModelWeights& weights,
                          Matrices matrices = Matrices::loaded);

/// The same where training starts: head tensors that the folder lacks, or has for other intents
/// than config.intents, are drawn from a normal distribution (mean 0, config's initializer_range;
/// biases 0). Returns their names.
std::vector<std::string> load_base_weights(const ModelFolder& folder,
                                           const ModelConfig& config,
                                           const ModelWeights& weights,
                                           uint64_t seed);

/// The word table where it lies in the folder's mapped file, when it can be used there; else an
/// empty view.
ConstTensor view_word_table(const ModelFolder& folder);

}  // namespace fastintent
