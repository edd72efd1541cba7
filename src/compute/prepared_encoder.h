#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "compute/operands.h"

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

/// An encoder as a backend runs it.
struct PreparedEncoder {
  EmbeddingTables tables;
  LayerNorm embedding_norm;
  std::vector<PreparedLayer> layers;
  int64_t heads = 0;
};

/// What turns an encoder's rows into logits, as a backend runs it.
struct PreparedHead {
  Pooling pooling = Pooling::first_token;
  PreparedLinear dense;  // [H,H], or null
  Activation dense_activation = Activation::none;
  PreparedLinear classifier;  // [C,H], always fp32
};

}  // namespace fastintent
