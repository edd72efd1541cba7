#include "cpu/kernels/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/attention.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/attention-inl.h"
#include "cpu/kernels/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

// For each sequence and head: the keys transposed, so that scores of neighbouring keys share a
// vector; then, for a block of queries, scores, softmax and the mean of the values.
void attention_heads(ConstTensor q,
                     ConstTensor k,
                     ConstTensor v,
                     AttentionSpans spans,
                     int64_t heads,
                     const Dropout& dropout,
                     Tensor out,
                     float* scratch) {
  const FloatTag d;
  const DropoutLanes lanes(dropout);
  const int64_t width = q.columns / heads;
  const float scale = 1.0F / std::sqrt(static_cast<float>(width));
  for (size_t s = 0; s + 1 < spans.query_starts.size(); ++s) {
    const RowRange queries = sequence_rows(spans.query_starts, s);
    const RowRange keys = sequence_rows(spans.key_starts, s);
    for (int64_t head = 0; queries.count > 0 && head < heads; ++head) {
      const Tensor key_columns = transpose(d, head_rows(k, keys, head, heads), scratch);
      const ConstTensor values = head_rows(v, keys, head, heads);
      float* block = scratch + key_columns.size();
      for (int64_t first = 0; first < queries.count; first += kQueryBlock) {
        const int64_t count = std::min(kQueryBlock, queries.count - first);
        const RowRange rows{queries.first + first, count};
        const ConstTensor block_q = head_rows(q, rows, head, heads);
        const Tensor shares(block, count, key_columns.columns);
        multiply(d, {block_q.data, block_q.stride, 1}, key_columns, false, shares);
        for (int64_t r = 0; r < count; ++r) {
          softmax(d, scale, keys.count, shares.row(r));
          if (!lanes.active()) continue;
          const uint32_t index = attention_dropout_index(rows.first + r, heads, head, 0);
          for (int64_t j = 0; j < keys.count; j += lanes_of(d)) {
            float* share = shares.row(r) + j;
            const auto factor = lanes.factors(d, index + static_cast<uint32_t>(j));
            hn::Store(hn::Mul(hn::Load(d, share), factor), d, share);
          }
        }
        multiply(
            d, {shares.data, shares.stride, 1}, values, false, head_rows(out, rows, head, heads));
      }
    }
  }
}

int64_t attention_scratch_floats(std::span<const int32_t> key_starts, int64_t width) {
  const FloatTag d;
  int64_t longest = 0;
  for (size_t s = 0; s + 1 < key_starts.size(); ++s)
    longest = std::max(longest, sequence_rows(key_starts, s).count);
  return whole_vectors(d, longest) * 2 * (width + kQueryBlock);
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(attention_heads);
HWY_EXPORT(attention_scratch_floats);

int64_t attention_scratch(std::span<const int32_t> key_starts, int64_t width) {
  return HWY_DYNAMIC_DISPATCH(attention_scratch_floats)(key_starts, width);
}

void attention(ConstTensor q,
               ConstTensor k,
               ConstTensor v,
               AttentionSpans spans,
               int64_t heads,
               const Dropout& dropout,
               Tensor out,
               float* scratch) {
  HWY_DYNAMIC_DISPATCH(attention_heads)(q, k, v, spans, heads, dropout, out, scratch);
}

}  // namespace fastintent::cpu
#endif
