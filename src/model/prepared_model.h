#pragma once

#include <memory>
#include <vector>

#include "model/model_weights.h"

namespace fastintent {

/// A dense layer as a backend runs it.
struct PreparedLinear {
  std::unique_ptr<PreparedWeight> weight;
  std::span<const float> bias;
};

/// One encoder layer as a backend runs it. Where only the first row of each sequence goes on (the
/// last layer under first-token pooling, law 4), the projection of queries is apart from that of
/// keys and values; everywhere else the three are one product. The unused ones are null.
struct PreparedLayer {
  PreparedLinear query_key_value;  // [3H,H]
  PreparedLinear query;            // [H,H]
  PreparedLinear key_value;        // [2H,H]
  PreparedLinear attention_output;
  LayerNorm attention_norm;
  PreparedLinear intermediate;
  PreparedLinear output;
  LayerNorm output_norm;

  bool first_rows_only() const { return query_key_value.weight == nullptr; }
};

/// A model ready to run: immutable during prediction, shared by all workers of one kind of backend.
/// Biases, norms and tables are views: the weights it was made from must outlive it (the matrices
/// too when it was made for training).
struct PreparedModel {
  ModelConfig config;
  EmbeddingTables tables;
  LayerNorm embedding_norm;
  std::vector<PreparedLayer> layers;
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
