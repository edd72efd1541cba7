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

// What all heads of a call share.
struct BackwardCall {
  const AttentionOperands& operands;
  ConstTensor d_out;
  const AttentionGradient& gradient;
  const DropoutLanes& lanes;
  const DistanceLines& bias;
  const DistanceLines& d_bias;
  float scale;
};

// For a block of queries of one head, from place `first` of their sequence on: `shares`, the products
// q · k, become the weights of the values, and `gradient`, that of the weights, becomes the gradient of
// the products.
HWY_INLINE void block_backward(FloatTag d,
                               const BackwardCall& call,
                               RowRange queries,
                               int64_t first,
                               int64_t keys,
                               int64_t head,
                               const Tensor& shares,
                               const Tensor& gradient) {
  const AttentionOperands& operands = call.operands;
  for (int64_t r = 0; r < shares.rows; ++r) {
    const int64_t place = first + r;
    if (limits(operands.window, keys)) {
      mask_row(operands.window, place, keys, shares.row(r));
    }
    const uint32_t index = attention_dropout_index(queries.first + place, operands.heads, head, 0);
    if (!call.bias.empty()) {
      add_line(d, call.bias.line(head) - place, keys, shares.row(r));
    }
    softmax(d, call.scale, keys, shares.row(r));
    softmax_backward(d, call.scale, call.lanes, index, keys, shares.row(r), gradient.row(r));
    if (!call.bias.empty()) {
      add_line(d, gradient.row(r), keys, call.d_bias.line(head) - place);
    }
  }
}

// One head of one sequence. Probabilities are recomputed for a block of queries; gradients of keys and
// values accumulate over the blocks.
HWY_INLINE void head_backward(FloatTag d,
                              const BackwardCall& call,
                              RowRange queries,
                              RowRange keys,
                              int64_t head,
                              float* scratch) {
  const AttentionOperands& operands = call.operands;
  const int64_t heads = operands.heads;
  const ConstTensor head_k = head_rows(operands.k, keys, head, heads);
  const Tensor key_columns = transpose(d, head_k, scratch);
  const Tensor value_columns =
      transpose(d, head_rows(operands.v, keys, head, heads), scratch + key_columns.size());
  float* block = scratch + 2 * key_columns.size();
  for (int64_t first = 0; first < queries.count; first += kQueryBlock) {
    const int64_t count = std::min(kQueryBlock, queries.count - first);
    const RowRange rows{queries.first + first, count};
    const ConstTensor q = head_rows(operands.q, rows, head, heads);
    const ConstTensor d_out = head_rows(call.d_out, rows, head, heads);
    const Tensor shares(block, count, key_columns.columns);
    const Tensor gradient(block + shares.size(), count, key_columns.columns);
    multiply(d, {q.data, q.stride, 1}, key_columns, false, shares);
    multiply(d, {d_out.data, d_out.stride, 1}, value_columns, false, gradient);
    block_backward(d, call, queries, first, keys.count, head, shares, gradient);
    const bool accumulate = first > 0;
    const Tensor d_q = head_rows(call.gradient.d_q, rows, head, heads);
    const Tensor d_k = head_rows(call.gradient.d_k, keys, head, heads);
    const Tensor d_v = head_rows(call.gradient.d_v, keys, head, heads);
    multiply(d, {gradient.data, gradient.stride, 1}, head_k, false, d_q);
    multiply(d, {gradient.data, 1, gradient.stride}, q, accumulate, d_k);
    multiply(d, {shares.data, 1, shares.stride}, d_out, accumulate, d_v);
  }
}

void attention_backward_heads(const AttentionOperands& operands,
                              ConstTensor d_out,
                              const AttentionGradient& gradient,
                              float* scratch) {
  const FloatTag d;
  const DropoutLanes lanes(operands.dropout);
  const int64_t width = operands.q.columns / operands.heads;
  const DistanceLines bias(d, operands, LanesOver::keys, scratch);
  bias.fill();
  scratch += bias.floats();
  const DistanceLines d_bias(d, operands, LanesOver::keys, scratch);
  d_bias.clear();
  scratch += d_bias.floats();
  const float scale = 1.0F / std::sqrt(static_cast<float>(width));
  const BackwardCall call{operands, d_out, gradient, lanes, bias, d_bias, scale};
  const AttentionSpans& spans = operands.spans;
  for (size_t s = 0; s + 1 < spans.query_starts.size(); ++s) {
    const RowRange queries = sequence_rows(spans.query_starts, s);
    const RowRange keys = sequence_rows(spans.key_starts, s);
    if (queries.count == 0) {
      clear_rows(gradient.d_k.row_slice(keys.first, keys.count));
      clear_rows(gradient.d_v.row_slice(keys.first, keys.count));
      continue;
    }
    for (int64_t head = 0; head < operands.heads; ++head) {
      head_backward(d, call, queries, keys, head, scratch);
    }
  }
  d_bias.add_to(gradient.d_distance_bias);
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(attention_backward_heads);

void attention_backward(const AttentionOperands& operands,
                        ConstTensor d_out,
                        const AttentionGradient& gradient,
                        float* scratch) {
  HWY_DYNAMIC_DISPATCH(attention_backward_heads)
  (operands, d_out, gradient, scratch);
}

}  // namespace fastintent::cpu
#endif
