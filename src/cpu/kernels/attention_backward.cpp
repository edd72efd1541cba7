#include <algorithm>
#include <cmath>
#include <limits>

#include "cpu/kernels/attention.h"
#include "cpu/kernels/convert.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/attention_backward.cpp"
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

// scores [keys], in complete vectors, become softmax(scores · scale); zeros past the keys.
HWY_INLINE void softmax(FloatTag d, float scale, int64_t keys, float* scores) {
  const auto factor = hn::Set(d, scale * kLog2OfE);
  const auto lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  auto largest = lowest;
  for (int64_t j = 0; j < keys; j += lanes_of(d)) {
    auto score = hn::Mul(hn::Load(d, scores + j), factor);
    if (keys - j < lanes_of(d)) {
      score = hn::IfThenElse(hn::FirstN(d, static_cast<size_t>(keys - j)), score, lowest);
    }
    hn::Store(score, d, scores + j);
    largest = hn::Max(largest, score);
  }
  largest = hn::MaxOfLanes(d, largest);
  auto sum = hn::Zero(d);
  for (int64_t j = 0; j < keys; j += lanes_of(d)) {
    const auto power = exp2(d, hn::Sub(hn::Load(d, scores + j), largest));
    hn::Store(power, d, scores + j);
    sum = hn::Add(sum, power);
  }
  const auto share = hn::Div(hn::Set(d, 1.0F), hn::SumOfLanes(d, sum));
  for (int64_t j = 0; j < keys; j += lanes_of(d)) {
    hn::Store(hn::Mul(hn::Load(d, scores + j), share), d, scores + j);
  }
}

// line [keys] is added to out, in complete vectors.
HWY_INLINE void add_line(FloatTag d, const float* line, int64_t keys, float* out) {
  for (int64_t j = 0; j < keys; j += lanes_of(d)) {
    hn::StoreU(hn::Add(hn::LoadU(d, out + j), hn::LoadU(d, line + j)), d, out + j);
  }
}

// Removes the keys that the query at `place` of its sequence does not see, from its scores [keys].
HWY_INLINE void mask_row(int64_t window, int64_t place, int64_t keys, float* scores) {
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  const int64_t begin = std::max<int64_t>(0, place - window);
  const int64_t end = std::min(keys, place + window + 1);
  std::fill(scores, scores + begin, kLowest);
  std::fill(scores + end, scores + keys, kLowest);
}

// For one query: `shares` holds its probabilities p, and `gradient` the gradient g of the
// probabilities after dropout. With f the factors of dropout, `gradient` becomes the gradient of
// the products q · k,
//   scale · p (g f - sum(g f p)),
// and `shares` becomes p f, the weights of the values.
HWY_INLINE void softmax_backward(FloatTag d,
                                 float scale,
                                 const DropoutLanes& lanes,
                                 uint32_t index,
                                 int64_t keys,
                                 float* shares,
                                 float* gradient) {
  const auto one = hn::Set(d, 1.0F);
  const auto factors_at = [&](int64_t j) HWY_ATTR {
    return lanes.active() ? lanes.factors(d, index + static_cast<uint32_t>(j)) : one;
  };
  auto sum = hn::Zero(d);
  for (int64_t j = 0; j < keys; j += lanes_of(d)) {
    const auto g = hn::Mul(hn::Load(d, gradient + j), factors_at(j));
    hn::Store(g, d, gradient + j);
    sum = hn::MulAdd(g, hn::Load(d, shares + j), sum);
  }
  const auto mean = hn::SumOfLanes(d, sum);
  const auto factor = hn::Set(d, scale);
  for (int64_t j = 0; j < keys; j += lanes_of(d)) {
    const auto p = hn::Load(d, shares + j);
    const auto centred = hn::Sub(hn::Load(d, gradient + j), mean);
    hn::Store(hn::Mul(hn::Mul(p, factor), centred), d, gradient + j);
    if (lanes.active()) {
      hn::Store(hn::Mul(p, factors_at(j)), d, shares + j);
    }
  }
}

// Probabilities are recomputed for a block of queries; gradients of keys and values accumulate over
// the blocks.
void attention_backward_heads(const AttentionOperands& operands,
                              ConstTensor d_out,
                              Tensor d_q,
                              Tensor d_k,
                              Tensor d_v,
                              Tensor d_distance_bias,
                              float* scratch) {
  const ConstTensor q = operands.q;
  const ConstTensor k = operands.k;
  const ConstTensor v = operands.v;
  const AttentionSpans spans = operands.spans;
  const int64_t heads = operands.heads;
  const FloatTag d;
  const DropoutLanes lanes(operands.dropout);
  const int64_t width = q.columns / heads;
  const float scale = 1.0F / std::sqrt(static_cast<float>(width));
  const DistanceLines bias(d, operands, LanesOver::keys, scratch);
  bias.fill();
  scratch += bias.floats();
  const DistanceLines d_bias(d, operands, LanesOver::keys, scratch);
  d_bias.clear();
  scratch += d_bias.floats();
  for (size_t s = 0; s + 1 < spans.query_starts.size(); ++s) {
    const RowRange queries = sequence_rows(spans.query_starts, s);
    const RowRange keys = sequence_rows(spans.key_starts, s);
    if (queries.count == 0) {
      clear_rows(d_k.row_slice(keys.first, keys.count));
      clear_rows(d_v.row_slice(keys.first, keys.count));
      continue;
    }
    for (int64_t head = 0; head < heads; ++head) {
      const ConstTensor head_k = head_rows(k, keys, head, heads);
      const Tensor key_columns = transpose(d, head_k, scratch);
      const Tensor value_columns =
          transpose(d, head_rows(v, keys, head, heads), scratch + key_columns.size());
      float* block = scratch + 2 * key_columns.size();
      for (int64_t first = 0; first < queries.count; first += kQueryBlock) {
        const int64_t count = std::min(kQueryBlock, queries.count - first);
        const RowRange rows{queries.first + first, count};
        const ConstTensor block_q = head_rows(q, rows, head, heads);
        const ConstTensor block_d_out = head_rows(d_out, rows, head, heads);
        const Tensor shares(block, count, key_columns.columns);
        const Tensor gradient(block + shares.size(), count, key_columns.columns);
        multiply(d, {block_q.data, block_q.stride, 1}, key_columns, false, shares);
        multiply(d, {block_d_out.data, block_d_out.stride, 1}, value_columns, false, gradient);
        for (int64_t r = 0; r < count; ++r) {
          if (limits(operands.window, keys.count)) {
            mask_row(operands.window, first + r, keys.count, shares.row(r));
          }
          const uint32_t index = attention_dropout_index(rows.first + r, heads, head, 0);
          const int64_t position = first + r;
          if (!bias.empty()) {
            add_line(d, bias.line(head) - position, keys.count, shares.row(r));
          }
          softmax(d, scale, keys.count, shares.row(r));
          softmax_backward(d, scale, lanes, index, keys.count, shares.row(r), gradient.row(r));
          if (!bias.empty()) {
            add_line(d, gradient.row(r), keys.count, d_bias.line(head) - position);
          }
        }
        const bool accumulate = first > 0;
        multiply(d,
                 {gradient.data, gradient.stride, 1},
                 head_k,
                 false,
                 head_rows(d_q, rows, head, heads));
        multiply(d,
                 {gradient.data, 1, gradient.stride},
                 block_q,
                 accumulate,
                 head_rows(d_k, keys, head, heads));
        multiply(d,
                 {shares.data, 1, shares.stride},
                 block_d_out,
                 accumulate,
                 head_rows(d_v, keys, head, heads));
      }
    }
  }
  d_bias.add_to(d_distance_bias);
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(attention_backward_heads);

void attention_backward(const AttentionOperands& operands,
                        ConstTensor d_out,
                        Tensor d_q,
                        Tensor d_k,
                        Tensor d_v,
                        Tensor d_distance_bias,
                        float* scratch) {
  HWY_DYNAMIC_DISPATCH(attention_backward_heads)
  (operands, d_out, d_q, d_k, d_v, d_distance_bias, scratch);
}

}  // namespace fastintent::cpu
#endif
