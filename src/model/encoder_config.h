#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compute/backend.h"
#include "compute/layer.h"

namespace fastintent {

struct Family;

/// How an encoder's rows become logits.
struct HeadShape {
  Pooling pooling = Pooling::first_token;
  bool has_dense = true;  ///< a dense layer [H,H] before the classifier
  Activation dense_activation = Activation::tanh;
  bool dropout_before_dense = false;  ///< beside the dropout before the classifier
  bool dense_has_bias = true;
  bool has_norm = false;  ///< a norm behind the dense layer's activation
};

/// Sizes, rates and layers of an encoder, as a family reads them from config.json.
struct EncoderConfig {
  const Family* family = nullptr;  ///< for names only: no computation depends on it
  int64_t vocabulary = 0;
  int64_t hidden = 0;     // H
  int64_t embedding = 0;  // E, width of the embeddings if a dense layer projects them to H; else 0
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t intermediate = 0;    // I
  int64_t positions = 0;       // rows of the position table; 0: there is none
  int64_t first_position = 0;  ///< row of the position table that position 0 uses
  /// The padding token, if it alone has position 0 and the tokens of a text count from 1
  /// (PackedBatch).
  std::optional<int32_t> padding_id;
  int64_t segments = 0;            // 0: the family has no segment embeddings
  int64_t distance_bias_rows = 0;  // of the table of attention's distance bias; 0: there is none
  /// The row of that table for each distance from a query to a key, -(max_tokens - 1) to
  /// max_tokens - 1 (DistanceBias).
  std::vector<uint8_t> distance_buckets;
  int64_t length_limit = 0;  ///< tokens of the longest text, where there is no position table
  LayerKind layer;
  /// One for each layer, where windows or rotary positions differ between them; else empty, and all
  /// are as `layer`. Norm placement and feed-forward are always those of `layer`.
  std::vector<LayerKind> layer_kinds;
  bool has_biases = true;  ///< of the layers' dense parts
  bool has_shifts = true;  ///< of all norms
  HeadShape own_head;      ///< the head of the family's ForSequenceClassification
  float norm_epsilon = 1e-12F;
  float initializer_range = 0.02F;
  float hidden_dropout = 0.1F;
  float attention_dropout = 0.1F;
  float head_dropout = 0.1F;

  /// The columns of the tables of embeddings.
  int64_t embedding_width() const { return embedding > 0 ? embedding : hidden; }
  /// Tokens of the longest text.
  int64_t max_tokens() const {
    return positions == 0 ? length_limit : positions - first_position - (padding_id ? 1 : 0);
  }
  /// Outputs of a layer's first feed-forward product.
  int64_t feed_forward_width() const { return layer.is_gated() ? 2 * intermediate : intermediate; }
  const LayerKind& kind_of(size_t index) const {
    return layer_kinds.empty() ? layer : layer_kinds[index];
  }
};

}  // namespace fastintent
