#pragma once

#include <vector>

#include "compute/layer.h"
#include "model/model_weights.h"
#include "model/packed_weights.h"

namespace fastintent {

/// A model ready to run: immutable during prediction, shared by all workers of one kind of backend.
/// Biases, norms and tables are views: the weights they view must outlive it (also the matrices
/// when it was made for training).
struct PreparedModel {
  ModelConfig config;  // the encoder's distance bias views its buckets
  PreparedEncoder encoder;
  PreparedHead head;
  std::vector<Buffer> owned;  // biases, norms and tables, for inference
  PackableWeights packable;   // the matrices in the requested precision
};

/// Prepares a model to run.
/// `weights`: in host memory for inference, in the backend's memory for training.
/// `packed`: if not null, the matrices are used from there, and those of `weights` are not read. It
/// must outlive the model, and its layout must be the backend's layout for `precision`.
PreparedModel prepare_model(Backend& backend,
                            const ModelConfig& config,
                            const ModelWeights& weights,
                            Precision precision,
                            WeightUse use,
                            const PackedMatrices* packed = nullptr);

/// Sets the word table [vocabulary,H], in host memory, of a model for inference. If the backend
/// shares host memory, the table is used in place and must outlive the model; otherwise it is
/// copied.
void use_word_table(Backend& backend, ConstTensor word, PreparedModel& model);

/// Lists every prepared weight of the model with its source tensor, for refresh_weight after an
/// update.
struct WeightToRefresh {
  PreparedWeight* prepared = nullptr;
  Tensor source;
};
std::vector<WeightToRefresh> weights_to_refresh(const PreparedModel& model,
                                                const ModelWeights& weights);

}  // namespace fastintent
