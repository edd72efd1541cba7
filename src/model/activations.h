#pragma once

#include <vector>

#include "compute/backend.h"
#include "model/model_config.h"

namespace fastintent {

/// What a forward pass keeps: nothing, the layers sharing one scratch, or what its backward needs.
enum class Keep { scratch, everything };

/// What one layer computes; R rows go on: all T, or one for each of S sequences in the last layer
/// under first-token pooling. Tensors that are only kept for backward are empty under
/// Keep::scratch.
struct LayerActivations {
  Tensor input;            // [T,H] the layer's input
  Tensor first_rows;       // [S,H] first row of each sequence, where only those go on; else empty
  Tensor query_key_value;  // [T,3H], or [T,2H] keys and values where queries are apart
  Tensor query;            // [S,H], where queries are apart; else empty
  Tensor context;          // [R,H] attention output
  Tensor projected;        // [R,H] scratch: a product on its way into a norm
  NormalizedRows attention_normal;  // [R,H]
  Tensor attention_out;             // [R,H]
  Tensor pre_activation;            // [R,I]
  Tensor activated;                 // [R,I]
  NormalizedRows output_normal;     // [R,H]
  Tensor out;                       // [R,H]
};

struct HeadActivations {
  Tensor pooled;     // [S,H]
  Tensor pre_dense;  // [S,H]
  Tensor dense;      // [S,H], after dropout; without a dense layer the pooled rows after dropout
  Tensor logits;     // [S,C]
};

/// Gradients on their way down; each [T, …] with room for all tokens.
struct GradientScratch {
  Tensor hidden;           // [T,H] gradient of the rows between two layers
  Tensor residual;         // [T,H]
  Tensor branch;           // [T,H]
  Tensor query_key_value;  // [T,3H]
  Tensor intermediate;     // [T,I]
  Tensor head;             // [S,H]
  Tensor logits;           // [S,C]
  Tensor losses;           // [S,1] of the rows, on the way to their gradients
};

/// Memory of forward and backward passes, sized for the largest batch so far, views cut to the
/// current one. One worker's own; one thread at a time.
class Activations {
 public:
  Activations(Backend& backend, const ModelConfig& config, Keep keep);

  /// Cuts all views for a batch, growing the memory when it is larger than any before. What the
  /// views held is lost.
  void prepare(int64_t tokens, int64_t sequences);

  /// The same of `encoded` and `head` alone, for an encoder that the device runs by itself: the
  /// memory of the layers is only claimed where they run one by one.
  void prepare_encoded(int64_t tokens, int64_t sequences);

  Tensor encoded;                  // [R,H] the encoder's result, by prepare_encoded alone
  Tensor embedded;                 // [T,H]
  NormalizedRows embedded_normal;  // [T,H]
  std::vector<LayerActivations> layers;
  HeadActivations head;
  GradientScratch gradients;              // empty under Keep::scratch
  std::vector<int32_t> sequence_numbers;  // 0 .. S: one query for each sequence

 private:
  Tensor claim(int64_t rows, int64_t columns);
  NormalizedRows claim_normal(int64_t rows);
  void place_layer(LayerActivations& layer, bool first_rows_only);
  void place_layers();
  void place_head();
  void place_gradients();

  Backend& backend_;
  ModelConfig config_;
  Keep keep_;
  int64_t tokens_ = 0;  // of the current batch
  int64_t sequences_ = 0;
  std::vector<Buffer> buffers_;  // in the order of claims, the same for every batch
  size_t next_buffer_ = 0;
};

}  // namespace fastintent
