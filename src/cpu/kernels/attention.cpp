#include "cpu/kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/attention.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/attention-inl.h"
#include "cpu/kernels/dropout-inl.h"
#include "cpu/kernels/exp-inl.h"
#include "cpu/kernels/multiply-inl.h"
#include "cpu/kernels/transpose-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

// Scores [keys, queries] become softmax(scores · scale) over the keys of each query. With queries
// in the lanes, nothing is summed within a vector.
HWY_INLINE void softmax_of_columns(FloatTag d, float scale, const Tensor& scores) {
  const auto factor = hn::Set(d, scale * kLog2OfE);  // e^x is 2^(x log2(e))
  for (int64_t i = 0; i < scores.columns; i += lanes_of(d)) {
    const Tensor column = scores.column_slice(i, lanes_of(d));
    auto largest = hn::Load(d, column.data);
    for (int64_t j = 1; j < column.rows; ++j) {
      largest = hn::Max(largest, hn::Load(d, column.row(j)));
    }
    const auto shift = hn::Mul(largest, factor);
    auto sum = hn::Zero(d);
    for (int64_t j = 0; j < column.rows; ++j) {
      const auto power = exp2(d, hn::MulSub(hn::Load(d, column.row(j)), factor, shift));
      hn::Store(power, d, column.row(j));
      sum = hn::Add(sum, power);
    }
    const auto share = hn::Div(hn::Set(d, 1.0F), sum);
    for (int64_t j = 0; j < column.rows; ++j) {
      hn::Store(hn::Mul(hn::Load(d, column.row(j)), share), d, column.row(j));
    }
  }
}

// Dropout of the shares [keys, queries]. `first_index` is the dropout index of the first query with
// the first key; each following query is `query_step` further.
HWY_INLINE void drop_shares(FloatTag d,
                            const DropoutLanes& lanes,
                            uint32_t first_index,
                            uint32_t query_step,
                            Tensor shares) {
  const BitsTag bits;
  const auto step = hn::Set(bits, query_step);
  for (int64_t i = 0; i < shares.columns; i += lanes_of(d)) {
    const auto query = hn::Iota(bits, static_cast<uint32_t>(i));
    auto index = hn::Add(hn::Mul(query, step), hn::Set(bits, first_index));
    for (int64_t j = 0; j < shares.rows; ++j) {
      float* share = shares.row(j) + i;
      hn::Store(hn::Mul(hn::Load(d, share), lanes.factors_at(d, index)), d, share);
      index = hn::Add(index, hn::Set(bits, 1));
    }
  }
}

// Adds the distance bias to scores [keys, queries]; `line` begins at the distance from the first key
// to the first query.
HWY_INLINE void add_distance_bias(FloatTag d, const float* line, const Tensor& scores) {
  for (int64_t j = 0; j < scores.rows; ++j) {
    for (int64_t i = 0; i < scores.columns; i += lanes_of(d)) {
      float* score = scores.row(j) + i;
      hn::Store(hn::Add(hn::Load(d, score), hn::LoadU(d, line + i - j)), d, score);
    }
  }
}

// Removes the keys that a query does not see, from scores [keys, queries]: query i of the block has
// place `first_query` + i in its sequence, key j has place `first_key` + j.
HWY_INLINE void mask_window(
    FloatTag d, int64_t window, int64_t first_query, int64_t first_key, Tensor scores) {
  const hn::RebindToSigned<FloatTag> integers;
  const auto widest = hn::Set(integers, static_cast<int32_t>(window));
  const auto lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  for (int64_t j = 0; j < scores.rows; ++j) {
    const auto first = static_cast<int32_t>(first_query - first_key - j);
    for (int64_t i = 0; i < scores.columns; i += lanes_of(d)) {
      const auto distance = hn::Abs(hn::Iota(integers, first + static_cast<int32_t>(i)));
      float* score = scores.row(j) + i;
      const auto far = hn::RebindMask(d, hn::Gt(distance, widest));
      hn::Store(hn::IfThenElse(far, lowest, hn::Load(d, score)), d, score);
    }
  }
}

// For each head of each sequence and each block of its queries: transposes the queries, so that
// those of a block share a vector, then computes their scores, the softmax and the weighted mean of
// the values.
void attention_heads(const AttentionOperands& operands, Tensor out, float* scratch) {
  const ConstTensor q = operands.q;
  const ConstTensor k = operands.k;
  const ConstTensor v = operands.v;
  const AttentionSpans spans = operands.spans;
  const int64_t heads = operands.heads;
  const FloatTag d;
  const DropoutLanes lanes(operands.dropout);
  const int64_t width = q.columns / heads;
  const float scale = 1.0F / std::sqrt(static_cast<float>(width));
  const uint32_t query_step = attention_dropout_index(1, heads, 0, 0);
  const DistanceLines bias(d, operands, LanesOver::queries, scratch);
  bias.fill();
  scratch += bias.floats();
  for (size_t s = 0; s + 1 < spans.query_starts.size(); ++s) {
    const RowRange queries = sequence_rows(spans.query_starts, s);
    const RowRange keys = sequence_rows(spans.key_starts, s);
    for (int64_t head = 0; queries.count > 0 && head < heads; ++head) {
      for (int64_t first = 0; first < queries.count; first += kQueryBlock) {
        const RowRange rows{queries.first + first, std::min(kQueryBlock, queries.count - first)};
        const RowRange seen = seen_keys(keys, first, rows.count, operands.window);
        const ConstTensor head_k = head_rows(k, seen, head, heads);
        const ConstTensor head_v = head_rows(v, seen, head, heads);
        const Tensor query_columns = transpose(d, head_rows(q, rows, head, heads), scratch);
        const Tensor shares(scratch + query_columns.size(), seen.count, query_columns.columns);
        multiply(d, {head_k.data, head_k.stride, 1}, query_columns, false, shares);
        const int64_t first_key = seen.first - keys.first;
        if (!bias.empty()) {
          add_distance_bias(d, bias.line(head) + first - first_key, shares);
        }
        if (limits(operands.window, keys.count)) {
          mask_window(d, operands.window, first, first_key, shares);
        }
        softmax_of_columns(d, scale, shares);
        if (lanes.active()) {
          const uint32_t index = attention_dropout_index(rows.first, heads, head, first_key);
          drop_shares(d, lanes, index, query_step, shares);
        }
        multiply(
            d, {shares.data, 1, shares.stride}, head_v, false, head_rows(out, rows, head, heads));
      }
    }
  }
}

int64_t attention_scratch_floats(std::span<const int32_t> key_starts,
                                 int64_t width,
                                 int64_t biased_heads) {
  const FloatTag d;
  const int64_t longest = longest_sequence(key_starts);
  const int64_t keys = whole_vectors(d, longest);
  const int64_t queries = whole_vectors(d, std::min(longest, kQueryBlock));
  const int64_t forward = queries * (width + longest);
  const int64_t backward = 2 * keys * (width + kQueryBlock);
  // The backward has lines of the bias and lines of its gradient.
  const int64_t lines = biased_heads * DistanceLines::length_of(d, longest);
  return std::max(forward + lines, backward + 2 * lines);
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(attention_heads);
HWY_EXPORT(attention_scratch_floats);

int64_t attention_scratch(std::span<const int32_t> key_starts,
                          int64_t width,
                          int64_t biased_heads) {
  return HWY_DYNAMIC_DISPATCH(attention_scratch_floats)(key_starts, width, biased_heads);
}

void attention(const AttentionOperands& operands, Tensor out, float* scratch) {
  HWY_DYNAMIC_DISPATCH(attention_heads)(operands, out, scratch);
}

}  // namespace fastintent::cpu
#endif
