#pragma once

#include <memory>
#include <vector>

#include "compute/prepared_encoder.h"
#include "model/model_weights.h"

namespace fastintent {

/// A model ready to run: immutable during prediction, shared by all workers of one kind of backend.
/// Biases, norms and tables are views: the weights it was made from must outlive it (the matrices
/// too when it was made for training).
struct PreparedModel {
  ModelConfig config;
  PreparedEncoder encoder;
  PreparedLinear dense;  // null without one
  PreparedLinear classifier;
  std::vector<Buffer> owned;  // biases, norms and small tables, for inference
};

PreparedModel prepare_model(Backend& backend,
                            const ModelConfig& config,
                            const ModelWeights& weights,
                            Precision precision,
                            WeightUse use);

/// Every prepared weight of the model with the tensor it was made from, for refresh_weight after an
/// update.
struct WeightToRefresh {
  PreparedWeight* prepared = nullptr;
  Tensor source;
};
std::vector<WeightToRefresh> weights_to_refresh(const PreparedModel& model,
                                                const ModelWeights& weights);

}  // namespace fastintent
