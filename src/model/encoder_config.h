#pragma once

#include <cstdint>

#include "compute/backend.h"
#include "compute/layer.h"

namespace fastintent {

struct Family;

/// How an encoder's rows become logits.
struct HeadShape {
  Pooling pooling = Pooling::first_token;
  bool has_dense = true;  ///< a dense layer [H,H] before the classifier
  Activation dense_activation = Activation::tanh;
};

/// Sizes, rates and layers of an encoder, as a family reads them from config.json.
struct EncoderConfig {
  const Family* family = nullptr;  ///< for names only: no computation depends on it
  int64_t vocabulary = 0;
  int64_t hidden = 0;  // H
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t intermediate = 0;  // I
  int64_t positions = 0;     // rows of the position table; 0: there is none
  /// Row of the position table that the first token of a text uses.
  int64_t first_position = 0;
  int64_t segments = 0;  // 0: the family has no segment embeddings
  LayerKind layer;
  bool has_biases = true;  ///< of the layers' dense parts
  bool has_shifts = true;  ///< of all norms
  HeadShape own_head;      ///< the head of the family's ForSequenceClassification
  float norm_epsilon = 1e-12F;
  float initializer_range = 0.02F;
  float hidden_dropout = 0.1F;
  float attention_dropout = 0.1F;
  float head_dropout = 0.1F;

  /// Tokens of the longest text.
  int64_t max_tokens() const { return positions - first_position; }
};

}  // namespace fastintent
