#pragma once

#include <string>
#include <vector>

#include "model/model_folder.h"
#include "model/model_weights.h"

namespace fastintent {

/// Whether to load the matrices that prepare_model packs. If they have been packed before, neither
/// the file's matrices nor those of the weights are touched.
enum class Matrices { loaded, left_out };

/// Fills `weights`, allocated for `config`, from `folder`, which must have every tensor. Throws
/// bad_checkpoint (file, tensor, expected, found).
void load_trained_weights(const ModelFolder& folder,
                          const ModelConfig& config,
                          const ModelWeights& weights,
                          Matrices matrices = Matrices::loaded);

/// The same for the start of training: head tensors that the folder lacks, or has for other intents
/// than config.intents, are drawn from a normal distribution (mean 0, config's initializer_range;
/// biases 0, the scale of a norm 1). Returns their names.
std::vector<std::string> load_base_weights(const ModelFolder& folder,
                                           const ModelConfig& config,
                                           const ModelWeights& weights,
                                           uint64_t seed);

/// Maps the word table in the folder's file, if it can be used there; otherwise the view is empty.
MappedTensor map_word_table(const ModelFolder& folder);

}  // namespace fastintent
