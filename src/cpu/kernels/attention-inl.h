// What attention and its backward share: small products and the softmax of one head of one
// sequence. Compiled once for each instruction set.
#if defined(FASTINTENT_CPU_KERNELS_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FASTINTENT_CPU_KERNELS_ATTENTION_INL_H_
#undef FASTINTENT_CPU_KERNELS_ATTENTION_INL_H_
#else
#define FASTINTENT_CPU_KERNELS_ATTENTION_INL_H_
#endif

#include <array>
#include <cmath>
#include <limits>

#include "compute/backend.h"
#include "cpu/kernels/dropout-inl.h"
#include "cpu/kernels/vectors-inl.h"
#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

// The left factor of a product: element (m, k) lies at data[m · row_step + k · depth_step], so a
// transposed matrix is one too.
struct LeftFactor {
  const float* data;
  int64_t row_step;
  int64_t depth_step;
};

// out[M,N] = left[M,K] · right[K,N], added to out when `accumulate`; M, N of out, K rows of right.
// Eight rows at a time: their sums, a vector of `right` and a broadcast fit in 16 registers, and
// eight independent sums hide the latency of an addition. Where fewer than eight rows are left, the
// last one is computed more than once.
HWY_INLINE void multiply(
    FloatTag d, LeftFactor left, ConstTensor right, bool accumulate, Tensor out) {
  for (int64_t m = 0; m < out.rows; m += 8) {
    std::array<const float*, 8> l;
    std::array<float*, 8> o;
    for (int64_t r = 0; r < 8; ++r) {
      const int64_t row = std::min(m + r, out.rows - 1);
      l[static_cast<size_t>(r)] = left.data + row * left.row_step;
      o[static_cast<size_t>(r)] = out.row(row);
    }
    for (int64_t n = 0; n < out.columns; n += lanes_of(d)) {
      const int64_t count = out.columns - n;
      auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
      if (accumulate) {
        s0 = load_some(d, o[0] + n, count);
        s1 = load_some(d, o[1] + n, count);
        s2 = load_some(d, o[2] + n, count);
        s3 = load_some(d, o[3] + n, count);
        s4 = load_some(d, o[4] + n, count);
        s5 = load_some(d, o[5] + n, count);
        s6 = load_some(d, o[6] + n, count);
        s7 = load_some(d, o[7] + n, count);
      }
      const float* row = right.data + n;
      int64_t at = 0;
      for (int64_t k = 0; k < right.rows; ++k, row += right.stride, at += left.depth_step) {
        const auto v = load_some(d, row, count);
        s0 = hn::MulAdd(hn::Set(d, l[0][at]), v, s0);
        s1 = hn::MulAdd(hn::Set(d, l[1][at]), v, s1);
        s2 = hn::MulAdd(hn::Set(d, l[2][at]), v, s2);
        s3 = hn::MulAdd(hn::Set(d, l[3][at]), v, s3);
        s4 = hn::MulAdd(hn::Set(d, l[4][at]), v, s4);
        s5 = hn::MulAdd(hn::Set(d, l[5][at]), v, s5);
        s6 = hn::MulAdd(hn::Set(d, l[6][at]), v, s6);
        s7 = hn::MulAdd(hn::Set(d, l[7][at]), v, s7);
      }
      store_some(s0, d, o[0] + n, count);
      store_some(s1, d, o[1] + n, count);
      store_some(s2, d, o[2] + n, count);
      store_some(s3, d, o[3] + n, count);
      store_some(s4, d, o[4] + n, count);
      store_some(s5, d, o[5] + n, count);
      store_some(s6, d, o[6] + n, count);
      store_some(s7, d, o[7] + n, count);
    }
  }
}

HWY_INLINE int64_t whole_vectors(FloatTag d, int64_t count) {
  return (count + lanes_of(d) - 1) / lanes_of(d) * lanes_of(d);
}

// Writes rows [R,C] as [C, R rounded up to whole vectors], zeros behind the rows.
HWY_INLINE Tensor transpose(FloatTag d, ConstTensor rows, float* out) {
  const int64_t width = whole_vectors(d, rows.rows);
  for (int64_t r = 0; r < width; ++r) {
    const float* from = rows.row(r);
    for (int64_t c = 0; c < rows.columns; ++c) out[c * width + r] = r < rows.rows ? from[c] : 0.0F;
  }
  return {out, rows.columns, width};
}

// scores [keys], in whole vectors, become softmax(scores · scale); zeros behind the keys.
HWY_INLINE void softmax(FloatTag d, float scale, int64_t keys, float* scores) {
  const auto factor = hn::Set(d, scale);
  const auto lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  auto largest = lowest;
  for (int64_t j = 0; j < keys; j += lanes_of(d)) {
    auto score = hn::Mul(hn::Load(d, scores + j), factor);
    if (keys - j < lanes_of(d))
      score = hn::IfThenElse(hn::FirstN(d, static_cast<size_t>(keys - j)), score, lowest);
    hn::Store(score, d, scores + j);
    largest = hn::Max(largest, score);
  }
  largest = hn::MaxOfLanes(d, largest);
  auto sum = hn::Zero(d);
  for (int64_t j = 0; j < keys; j += lanes_of(d)) {
    const auto power = hn::Exp(d, hn::Sub(hn::Load(d, scores + j), largest));
    hn::Store(power, d, scores + j);
    sum = hn::Add(sum, power);
  }
  const auto share = hn::Div(hn::Set(d, 1.0F), hn::SumOfLanes(d, sum));
  for (int64_t j = 0; j < keys; j += lanes_of(d))
    hn::Store(hn::Mul(hn::Load(d, scores + j), share), d, scores + j);
}

struct RowRange {
  int64_t first;
  int64_t count;
};

HWY_INLINE RowRange sequence_rows(std::span<const int32_t> starts, size_t s) {
  return {starts[s], starts[s + 1] - starts[s]};
}

// Rows `rows`, columns of head `head` of `heads`.
template <class View>
HWY_INLINE View head_rows(const View& tensor, RowRange rows, int64_t head, int64_t heads) {
  const int64_t width = tensor.columns / heads;
  return tensor.row_slice(rows.first, rows.count).column_slice(head * width, width);
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
