// Transposes in registers. Compiled once for each instruction set.
#if defined(FASTINTENT_CPU_KERNELS_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FASTINTENT_CPU_KERNELS_TRANSPOSE_INL_H_
#undef FASTINTENT_CPU_KERNELS_TRANSPOSE_INL_H_
#else
#define FASTINTENT_CPU_KERNELS_TRANSPOSE_INL_H_
#endif

#include "compute/tensor.h"
#include "cpu/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

HWY_INLINE int64_t whole_vectors(FloatTag d, int64_t count) {
  return (count + lanes_of(d) - 1) / lanes_of(d) * lanes_of(d);
}

#if HWY_TARGET != HWY_SCALAR

// Loads four floats from column c of row 0, then of rows 4, 8 and 12 as far as a vector reaches.
HWY_INLINE FloatVector load_blocks(FloatTag d, const float* const* rows, int64_t c) {
#if HWY_MAX_BYTES == 64
  const hn::Half<FloatTag> half;
  const hn::Half<hn::Half<FloatTag>> block;
  const auto low = hn::Combine(half, hn::LoadU(block, rows[4] + c), hn::LoadU(block, rows[0] + c));
  const auto high =
      hn::Combine(half, hn::LoadU(block, rows[12] + c), hn::LoadU(block, rows[8] + c));
  return hn::Combine(d, high, low);
#elif HWY_MAX_BYTES == 32
  const hn::Half<FloatTag> block;
  return hn::Combine(d, hn::LoadU(block, rows[4] + c), hn::LoadU(block, rows[0] + c));
#else
  return hn::LoadU(d, rows[0] + c);
#endif
}

// Columns [c, c + 4) of as many rows as a vector has lanes become four rows, `stride` apart. The
// loads put rows 4 apart side by side, so that only a transpose within each block of 128 bits
// remains, which needs no shuffle across blocks.
HWY_INLINE void transpose_four_columns(
    FloatTag d, const float* const* rows, int64_t c, float* out, int64_t stride) {
  const hn::RepartitionToWide<hn::RebindToUnsigned<FloatTag>> pairs;
  const auto row0 = load_blocks(d, rows, c);
  const auto row1 = load_blocks(d, rows + 1, c);
  const auto row2 = load_blocks(d, rows + 2, c);
  const auto row3 = load_blocks(d, rows + 3, c);
  const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, row0, row1));
  const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, row2, row3));
  const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, row0, row1));
  const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, row2, row3));
  hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), d, out);
  hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), d, out + stride);
  hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), d, out + 2 * stride);
  hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), d, out + 3 * stride);
}

#endif  // a scalar has no lanes to exchange

// Writes rows [R,C] as [C, R rounded up to complete vectors]; the padding repeats the last row.
HWY_INLINE Tensor transpose(FloatTag d, ConstTensor rows, float* out) {
  constexpr int64_t kLanes = hn::MaxLanes(FloatTag());
  const int64_t width = whole_vectors(d, rows.rows);
  for (int64_t r = 0; r < width; r += kLanes) {
    // Each pointer is computed from the one before: otherwise GCC would compute them together in
    // vectors and extract them one by one.
    const float* pointers[kLanes] = {rows.row(r)};
    for (int64_t i = 1; i < kLanes; ++i) {
      pointers[i] = pointers[i - 1] + (r + i < rows.rows ? rows.stride : 0);
    }
    int64_t c = 0;
#if HWY_TARGET != HWY_SCALAR
    for (; c + 4 <= rows.columns; c += 4) {
      transpose_four_columns(d, pointers, c, out + c * width + r, width);
    }
#endif
    for (; c < rows.columns; ++c) {
      for (int64_t i = 0; i < kLanes; ++i) {
        out[c * width + r + i] = pointers[i][c];
      }
    }
  }
  return {out, rows.columns, width};
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
