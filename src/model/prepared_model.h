#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "compute/layer.h"
#include "model/model_weights.h"

namespace fastintent {

class PackedWeights;

/// A model ready to run: immutable during prediction, shared by all workers of one kind of backend.
/// Biases, norms and tables are views: the weights it was made from must outlive it (the matrices
/// too when it was made for training).
struct PreparedModel {
  ModelConfig config;
  PreparedEncoder encoder;
  PreparedHead head;
  std::vector<Buffer> owned;  // biases, norms and tables, for inference
  /// The matrices in the precision asked for, by names of our own ("layer.0.intermediate").
  std::vector<std::pair<std::string, PreparedWeight*>> packable;
};

/// Throws invalid_argument for a kind of layer that nothing runs yet: norms before the blocks, a gated
/// feed-forward, rotary positions, attention to a window.
/// For inference `weights` lie in host memory, for training in the backend's.
/// `packed`: where it is not null the matrices are taken from there, which must outlive the model,
/// and those of `weights` are not looked at; its layout must be the backend's for `precision`.
PreparedModel prepare_model(Backend& backend,
                            const ModelConfig& config,
                            const ModelWeights& weights,
                            Precision precision,
                            WeightUse use,
                            const PackedWeights* packed = nullptr);

/// Gives a model for inference its word table [vocabulary,H], of host memory: used where it lies if
/// the backend shares host memory, and must outlive the model then; else copied.
void use_word_table(Backend& backend, ConstTensor word, PreparedModel& model);

/// Every prepared weight of the model with the tensor it was made from, for refresh_weight after an
/// update.
struct WeightToRefresh {
  PreparedWeight* prepared = nullptr;
  Tensor source;
};
std::vector<WeightToRefresh> weights_to_refresh(const PreparedModel& model,
                                                const ModelWeights& weights);

}  // namespace fastintent
