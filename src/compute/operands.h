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
/// changes; one for training refers to its source tensor and can be refreshed after each update.
enum class WeightUse { inference, training };

/// gelu: x/2 (1 + erf(x / sqrt 2)), the exact form (Hendrycks & Gimpel 2016) · gelu_tanh, quick_gelu:
/// their approximations x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x³))) and x sigmoid(1.702 x) ·
/// silu: x sigmoid(x)
enum class Activation { none, gelu, gelu_tanh, relu, silu, quick_gelu, tanh };

enum class Pooling { first_token, mean };

/// forward: rows become those of their positions; backward: the opposite, which is also the gradient.
enum class Rotation { forward, backward };

/// Whether a gradient replaces the contents of its tensor or is added to them.
enum class Write { overwrite, accumulate };

/// An inference weight as bytes that can be stored. `layout` names their memory layout
/// ("panels64-int8"); backends that use the same name can read each other's bytes.
struct PackedBytes {
  std::string_view layout;
  std::span<const std::byte> bytes;
};

/// A weight matrix [N,K] in the form that one backend multiplies fastest (packed, converted, on the
/// device). Made by Backend::prepare_weight; safe to read from many threads, each with its own
/// backend of the same kind.
class PreparedWeight {
 public:
  PreparedWeight(int64_t output_width, int64_t input_width)
      : rows_(output_width), columns_(input_width) {}
  virtual ~PreparedWeight() = default;
  PreparedWeight(const PreparedWeight&) = delete;
  PreparedWeight& operator=(const PreparedWeight&) = delete;

  int64_t rows() const { return rows_; }        ///< N
  int64_t columns() const { return columns_; }  ///< K

  /// The bytes from which Backend::adopt_weight makes the same weight, valid while this object
  /// lives; empty for a training weight and on a backend that does not store weights.
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

/// word [vocabulary,H], position [positions,H], segment [segments,H]; the latter two are empty if
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

/// What layer normalisation keeps for its backward; both are empty when nothing is kept.
/// normal [T,H]: rows with mean 0 and variance 1, before scale and shift · inverse_deviation [T]
struct NormalizedRows {
  Tensor normal;
  std::span<float> inverse_deviation;
};

/// Sequences of a packed batch as attention uses them: sequence s owns queries [query_starts[s],
/// query_starts[s+1]) and keys [key_starts[s], key_starts[s+1]); both [S+1], host memory. They
/// differ only if there are fewer queries than keys (last layer under first-token pooling).
struct AttentionSpans {
  std::span<const int32_t> query_starts;
  std::span<const int32_t> key_starts;
};

/// A bias that attention adds to every scaled score by the distance from the query to the key, for
/// each head (MPNet; Raffel et al. 2020):
///   table[buckets[reach + position of the key - position of the query]][head]
/// where `buckets` [2 reach + 1], in host memory, has the bucket of each distance, and positions
/// count from 0 in each sequence. An empty table [buckets,heads]: no bias.
struct DistanceBias {
  ConstTensor table;
  std::span<const uint8_t> buckets;

  bool empty() const { return table.empty(); }
  int64_t reach() const { return static_cast<int64_t>(buckets.size()) / 2; }
};

/// Multi-head attention: q [Tq,H], k, v [T,H]; H is a multiple of heads. Every sequence that has
/// queries needs a key. Under a window, query i of a sequence attends to its keys i - window to
/// i + window alone. Under a window or a distance bias, a sequence has at least as many keys as
/// queries. `distance_bias` reaches as far as the longest sequence.
struct AttentionOperands {
  ConstTensor q;
  ConstTensor k;
  ConstTensor v;
  AttentionSpans spans;
  int64_t heads = 1;
  Dropout dropout;
  DistanceBias distance_bias = {};
  int64_t window = 0;  // 0: all keys of the sequence
};

/// Where linear_backward writes.
/// d_in [T,K] or empty, written as `in_write` says
/// d_weight [N,K] and d_bias [N] or empty, written as `write` says
struct LinearGradient {
  Tensor d_in;
  Write in_write = Write::overwrite;
  Tensor d_weight;
  std::span<float> d_bias;
  Write write = Write::overwrite;
};

/// Where attention_backward writes.
/// d_q [Tq,H], d_k, d_v [T,H], always overwritten
/// d_distance_bias [buckets,heads], without gaps between its rows, is added to; empty if there is no
/// bias
struct AttentionGradient {
  Tensor d_q;
  Tensor d_k;
  Tensor d_v;
  Tensor d_distance_bias = {};
};

/// Where the gradients of a norm's parameters are written, as `write` says.
/// d_scale [H], d_shift [H] or empty
struct NormGradient {
  std::span<float> d_scale;
  std::span<float> d_shift;
  Write write = Write::overwrite;
};

/// Where embed_backward writes.
/// d_rows [T,H] the gradient of each token's word row (see add_rows), always overwritten
/// d_position, d_segment (each may be empty) and the gradients of the norm, written as `norm.write`
/// says
struct EmbeddingGradient {
  Tensor d_rows;
  Tensor d_position;
  Tensor d_segment;
  NormGradient norm;
};

/// The label of a padding row, which has neither loss nor gradient.
constexpr int32_t kNoLabel = -1;

/// label_smoothing and class_weights [C] (empty: all one) as in torch.nn.functional.cross_entropy;
/// every gradient is divided by `normalizer`, the sum of the weights of all labels of the step.
struct CrossEntropy {
  float label_smoothing = 0;
  std::span<const float> class_weights;
  double normalizer = 1;
};

/// The numbers that determine the sizes of all tensors of a training pass, for one model and one
/// backend.
struct PassShape {
  int64_t tokens = 0;
  int64_t sequences = 0;
  int64_t word_rows = 0;  ///< rows of the word table's gradient
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

/// One update of an AdamW step.
struct AdamwUpdate {
  AdamwState state;
  std::span<const float> gradient;
  AdamwRates rates;
  /// The training weight whose rows from `first_row` on are these parameters (complete rows); the
  /// update refreshes it. Null: there is none.
  PreparedWeight* weight = nullptr;
  int64_t first_row = 0;
};

}  // namespace fastintent
