#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "compute/adamw_rates.h"
#include "compute/dropout.h"
#include "compute/tensor.h"

namespace fastintent {

/// What a prepared weight will be used for. A weight for inference is packed once and never
/// changes; one for training keeps looking at the tensor it was made from and can be refreshed
/// after each update.
enum class WeightUse { inference, training };

/// gelu is the exact form, x/2 (1 + erf(x/sqrt 2)).
enum class Activation { none, gelu, tanh, relu };

enum class Pooling { first_token, mean };

/// Whether a gradient replaces what its tensor held or is added to it.
enum class Write { overwrite, accumulate };

/// A weight for inference as bytes that can be stored. `layout` names how they lie, so that two
/// backends which use one name understand each other's bytes ("panels64-int8").
struct PackedBytes {
  std::string_view layout;
  std::span<const std::byte> bytes;
};

/// A weight matrix [N,K] in the form one backend multiplies fastest (packed, converted, on the
/// device). Made by Backend::prepare_weight; safe to read from many threads, each with a backend of
/// its own kind.
class PreparedWeight {
 public:
  PreparedWeight(int64_t output_width, int64_t input_width)
      : rows_(output_width), columns_(input_width) {}
  virtual ~PreparedWeight() = default;
  PreparedWeight(const PreparedWeight&) = delete;
  PreparedWeight& operator=(const PreparedWeight&) = delete;

  int64_t rows() const { return rows_; }        ///< N
  int64_t columns() const { return columns_; }  ///< K

  /// What Backend::adopt_weight makes the same weight of, valid while this lives; empty for a
  /// weight for training and on a backend that stores none.
  virtual PackedBytes packed() const { return {}; }

 private:
  int64_t rows_;
  int64_t columns_;
};

/// Tokens of a packed batch, in host memory; all [T]. `segments` may be empty: all zero.
struct TokenInputs {
  std::span<const int32_t> ids;
  std::span<const int32_t> segments;
  std::span<const int32_t> positions;
};

/// word [vocabulary,H], position [positions,H], segment [segments,H]; the latter two are empty where
/// the family has none (DistilBERT has no segments, ModernBERT no positions either).
struct EmbeddingTables {
  ConstTensor word;
  ConstTensor position;
  ConstTensor segment;
};

/// scale [H], shift [H] or empty: none
struct LayerNorm {
  std::span<const float> scale;
  std::span<const float> shift;
  float epsilon = 0;
};

/// What layer normalisation keeps for its backward; both empty when nothing is kept.
/// normal [T,H]: rows with mean 0 and variance 1, before scale and shift · inverse_deviation [T]
struct NormalizedRows {
  Tensor normal;
  std::span<float> inverse_deviation;
};

/// Sequences of a packed batch as seen by attention: sequence s owns queries
/// [query_starts[s], query_starts[s+1]) and keys [key_starts[s], key_starts[s+1]); both [S+1], host
/// memory. They differ only where fewer rows ask than answer (last layer under first-token
/// pooling).
struct AttentionSpans {
  std::span<const int32_t> query_starts;
  std::span<const int32_t> key_starts;
};

/// Multi-head attention: q [Tq,H], k, v [T,H]; H is a multiple of heads. Every sequence that has
/// queries needs a key.
struct AttentionOperands {
  ConstTensor q;
  ConstTensor k;
  ConstTensor v;
  AttentionSpans spans;
  int64_t heads = 1;
  Dropout dropout;
};

/// Where linear_backward writes: d_in [T,K] or empty, as `in_write` says; d_weight [N,K] and d_bias
/// [N] or empty, as `write` says.
struct LinearGradient {
  Tensor d_in;
  Write in_write = Write::overwrite;
  Tensor d_weight;
  std::span<float> d_bias;
  Write write = Write::overwrite;
};

/// Where the gradients of a norm's parameters go, as `write` says; d_scale [H], d_shift [H] or empty.
struct NormGradient {
  std::span<float> d_scale;
  std::span<float> d_shift;
  Write write = Write::overwrite;
};

/// Where embed_backward writes: d_rows [T,H] the gradient of each token's word row (see add_rows),
/// always overwritten; d_position, d_segment (each may be empty) and those of the norm as `norm.write` says.
struct EmbeddingGradient {
  Tensor d_rows;
  Tensor d_position;
  Tensor d_segment;
  NormGradient norm;
};

/// The label of a row that has neither loss nor gradient: one that only fills up a batch.
constexpr int32_t kNoLabel = -1;

/// label_smoothing and class_weights [C] (empty: all one) as in torch.nn.functional.cross_entropy;
/// every gradient is divided by `normalizer`, the sum of the weights of the labels in the whole
/// step.
struct CrossEntropy {
  float label_smoothing = 0;
  std::span<const float> class_weights;
  double normalizer = 1;
};

/// What the sizes of all tensors of a training pass follow from, for one model and one backend.
struct PassShape {
  int64_t tokens = 0;
  int64_t sequences = 0;
  int64_t word_rows = 0;  ///< of the word table's gradient
  Write write = Write::overwrite;

  // NOLINTNEXTLINE(modernize-use-nullptr): version 14 takes the comparison's 0 for a pointer
  friend auto operator<=>(const PassShape&, const PassShape&) = default;
};

/// Parameters and moments of one AdamW update, all of the same size.
struct AdamwState {
  std::span<float> parameters;
  std::span<float> first_moment;
  std::span<float> second_moment;
};

/// One of the updates of an AdamW step.
struct AdamwUpdate {
  AdamwState state;
  std::span<const float> gradient;
  AdamwRates rates;
  /// Made for training of a matrix whose whole rows from `first_row` on the parameters are: takes
  /// them over. Null: there is none.
  PreparedWeight* weight = nullptr;
  int64_t first_row = 0;
};

}  // namespace fastintent
