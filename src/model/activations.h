#pragma once

#include <vector>

#include "compute/backend.h"
#include "model/model_config.h"

namespace fastintent {

/// What a forward pass keeps. scratch: nothing, the layers share one scratch; everything: what its
/// backward needs.
enum class Keep { scratch, everything };

/// The activations of one layer. R rows continue: all T, or in the last layer under first-token
/// pooling one for each of S sequences. Tensors that are only kept for backward are empty under
/// Keep::scratch.
struct LayerActivations {
  Tensor input;       // [T,H] the layer's input
  Tensor residual;    // [T,H] what attention's output is added to: the input, or the sums so far
  Tensor first_rows;  // [S,H] first row of each sequence, if only those continue; else empty
  Tensor first_residual;            // [S,H] first row of each sequence of the residual
  Tensor query_key_value;           // [T,3H], or [T,2H] keys and values if queries are separate
  Tensor query;                     // [S,H], if queries are separate; else empty
  Tensor context;                   // [R,H] attention output
  Tensor projected;                 // [R,H] scratch: a product before it is normalised
  NormalizedRows attention_normal;  // [R,H]
  Tensor attention_out;             // [R,H]
  Tensor attention_sum;             // [R,H] attention_out before its norm, or attention_out itself
  Tensor pre_activation;         // [R,I], or [R,2I] of a gated feed-forward, which needs it always
  Tensor activated;              // [R,I]
  NormalizedRows output_normal;  // [R,H]
  Tensor out;                    // [R,H]
  Tensor sum;                    // [R,H] out before its norm, or out itself

  /// Whether one tensor is both the input and what attention's output is added to.
  bool adds_to_input() const { return residual.data == input.data; }
};

struct HeadActivations {
  Tensor pooled;                // [S,H]
  Tensor pre_dense;             // [S,H]
  NormalizedRows dense_normal;  // [S,H]
  Tensor dense;   // [S,H], after dropout; without a dense layer the pooled rows after dropout
  Tensor logits;  // [S,C]
};

/// Gradients during backward; each [T, …] has room for all tokens.
struct GradientScratch {
  Tensor hidden;           // [T,H] gradient of the rows between two layers
  Tensor residual;         // [T,H]
  Tensor sum;              // [T,H] gradient of the sums between two layers, if they are kept
  Tensor branch;           // [T,H]
  Tensor query_key_value;  // [T,3H]
  Tensor intermediate;     // [T,I]
  Tensor gates;            // [T,2I] of a gated feed-forward
  Tensor embedded;         // [T,E] under a projection of the embeddings; else empty
  Tensor embedded_rows;    // [T,E] of each token's rows of the tables, there too
  Tensor head;             // [S,H]
  Tensor logits;           // [S,C]
  Tensor losses;           // [S,1] per row, computed with their gradients
};

/// The memory of forward and backward passes, sized for the largest batch so far, with views cut to
/// the current batch. Each worker has its own; one thread at a time.
class Activations {
 public:
  Activations(Backend& backend, const ModelConfig& config, Keep keep);

  /// Cuts all views for a batch, and grows the memory when the batch is larger than any before. The
  /// previous contents of the views are lost.
  void prepare(int64_t tokens, int64_t sequences);

  /// The same for `encoded` and `head` alone, for an encoder that the device runs by itself: the
  /// memory of the layers is only claimed if they run one by one.
  void prepare_encoded(int64_t tokens, int64_t sequences);

  Tensor encoded;                  // [R,H] the encoder's result, only after prepare_encoded
  Tensor embedded;                 // [T,E]
  NormalizedRows embedded_normal;  // [T,E]
  Tensor input;                    // [T,H] of the first layer: embedded, or its projection
  std::vector<LayerActivations> layers;
  HeadActivations head;
  GradientScratch gradients;              // empty under Keep::scratch
  std::vector<int32_t> sequence_numbers;  // 0 .. S: one query for each sequence

 private:
  Tensor claim(int64_t rows, int64_t columns);
  NormalizedRows claim_normal(int64_t rows, int64_t width);
  const LayerKind& kind() const { return config_.encoder.layer; }
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
