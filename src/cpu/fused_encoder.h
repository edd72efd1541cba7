#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/team.h"
#include "compute/backend.h"
#include "cpu/factor.h"
#include "cpu/panel_product.h"
#include "cpu/scratch.h"

namespace fastintent::cpu {

/// Runs a complete encoder, forward, over packed weights. The result of a step is converted to the
/// element of the next product while it is in the cache (int8: quantised per token); products end
/// in bias and activation, or bias and residual, tile by tile. The members of a team share rows,
/// panels and heads among them, which changes no bit of the result. Used by one thread at a time.
class FusedEncoder {
 public:
  /// As Backend::try_encode, for an encoder of any kind of layers. Norm placement and feed-forward
  /// are the same in all layers.
  void run(const TokenInputs& tokens,
           std::span<const int32_t> starts,
           const PreparedEncoder& encoder,
           Team* team,
           Tensor out);

 private:
  /// Activations in f32 and as factors; for fp32 both are the same memory.
  struct Rows {
    Tensor values;
    Factor factor;

    Rows slice(int64_t first, int64_t count) const {
      return {values.row_slice(first, count), factor.from(first)};
    }
  };
  struct Sequences {
    std::span<const int32_t> starts;     // [S+1]
    std::span<const int32_t> numbers;    // 0 .. S: one query for each sequence
    std::span<const int32_t> positions;  // [T]
    int64_t heads;
    DistanceBias distance_bias;
  };

  void place_buffers(const PreparedEncoder& encoder, int64_t T, int64_t S, int64_t H);
  Rows place_rows(Element element, int64_t rows, int64_t columns);
  float* take(int64_t floats);
  void place_attention_scratch(std::span<const int32_t> starts,
                               const PreparedEncoder& encoder,
                               int members);

  void embed_rows(const TokenInputs& tokens,
                  const PreparedEncoder& encoder,
                  const TeamMember& member) const;
  /// `residual` is what the attention's output is added to. Returns the layer's last sums, to which
  /// the next layer adds: `out` itself where norms follow the blocks.
  Tensor run_layer(const Sequences& sequences,
                   const PreparedLayer& layer,
                   Tensor residual,
                   Rows out,
                   const TeamMember& member) const;
  void attend(const Sequences& sequences,
              const PreparedLayer& layer,
              Tensor residual,
              const TeamMember& member) const;
  void attend_heads(const Sequences& sequences,
                    const PreparedLayer& layer,
                    Tensor query,
                    Tensor key_value,
                    const TeamMember& member) const;
  void feed_forward(const PreparedLayer& layer,
                    ConstTensor residual,
                    Rows context,
                    Tensor sum,
                    Rows out,
                    const TeamMember& member) const;
  static void normalize_sums(ConstTensor sums, const LayerNorm& layer_norm, const Rows& out);

  Scratch memory_;
  int64_t taken_ = 0;       // floats of memory_ assigned so far
  bool counting_ = false;   // place_buffers only counts
  Rows embedded_;           // [T,E] if embeddings are projected; else no rows
  Rows hidden_;             // [T,H] between layers
  Tensor query_key_value_;  // [T,3H]
  Rows first_rows_;         // [S,H]
  Tensor first_query_;      // [S,H]
  Rows context_;            // [T,H]
  Rows attended_;           // [B,H] of a block of rows
  Rows activated_;          // [B,I]
  Tensor gates_;            // [B,2I] of a gated feed-forward
  // Sums apart from their norms, under NormPlacement::before:
  Tensor sums_;                             // [T,H] between layers
  Tensor first_sums_;                       // [S,H]
  Tensor attended_sums_;                    // [B,H]
  std::vector<Scratch> attention_scratch_;  // one per member
  std::vector<float*> attention_floats_;
  std::vector<int32_t> numbers_;
};

}  // namespace fastintent::cpu
