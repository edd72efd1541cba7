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

/// Where a layer normalises: after adding a block's output to its input (Vaswani et al. 2017,
/// BERT), or before each block, with the sum itself passed on (Xiong et al. 2020).
enum class NormPlacement { after, before };

/// plain: activation(x · W1) · W2; gated: (activation(x · W1a) * (x · W1b)) · W2 (Shazeer 2020)
enum class FeedForward { plain, gated };

/// What one encoder layer computes, as values. Absent parts need no kind of their own: a bias, a
/// norm's shift or a table that a family lacks is empty.
struct LayerKind {
  NormPlacement norm = NormPlacement::after;
  FeedForward feed_forward = FeedForward::plain;
  Activation activation = Activation::gelu;
  /// Base of the angles by which attention rotates queries and keys (Su et al. 2021); 0: it rotates
  /// nothing, and the embeddings carry the positions, if anything does.
  float rotary_base = 0;
  int64_t window = 0;  ///< keys on each side that a query attends to; 0: the complete sequence

  bool normalizes_before() const { return norm == NormPlacement::before; }
  bool is_gated() const { return feed_forward == FeedForward::gated; }
  bool operator==(const LayerKind&) const = default;
};

/// One encoder layer as a backend runs it. If only the first row of each sequence continues (the
/// last layer under first-token pooling, law 4), queries are projected separately from keys and
/// values; everywhere else the three are one product. Unused projections are null.
///
/// Under NormPlacement::before, the norms are those in front of the blocks that follow: the norm
/// behind attention is that of the feed-forward, and the norm behind the feed-forward that of the
/// next layer's attention. Behind the last layer it is the encoder's own.
struct PreparedLayer {
  LayerKind kind;
  std::vector<float> frequencies;  // [H / heads / 2], or empty: attention rotates nothing
  PreparedLinear query_key_value;  // [3H,H]
  PreparedLinear query;            // [H,H]
  PreparedLinear key_value;        // [2H,H]
  PreparedLinear attention_output;
  LayerNorm attention_norm;
  PreparedLinear intermediate;  // [I,H], or [2I,H] of a gated feed-forward
  PreparedLinear output;
  LayerNorm output_norm;

  bool first_rows_only() const { return query_key_value.weight == nullptr; }
};

/// An encoder as a backend runs it.
struct PreparedEncoder {
  EmbeddingTables tables;
  LayerNorm embedding_norm;
  PreparedLinear embedding_projection;  ///< [H,E] of tables with E columns, or null: E is H
  std::vector<PreparedLayer> layers;
  int64_t heads = 0;
  DistanceBias distance_bias;  ///< of all layers, or empty

  bool projects_embeddings() const { return embedding_projection.weight != nullptr; }
  /// H, the width of the layers.
  int64_t width() const {
    return projects_embeddings() ? embedding_projection.weight->rows() : tables.word.columns;
  }
};

/// The head, which turns an encoder's rows into logits, as a backend runs it.
struct PreparedHead {
  Pooling pooling = Pooling::first_token;
  PreparedLinear dense;  // [H,H], or null
  Activation dense_activation = Activation::none;
  LayerNorm dense_norm;       // behind the activation; without a scale: none
  PreparedLinear classifier;  // [C,H], always fp32
};

}  // namespace fastintent
