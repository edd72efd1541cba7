#include "cpu/kernels/rotate.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/rotate.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/vectors-inl.h"
#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

// A vector of angles is computed once for all heads of a row: beside the products of a layer, the
// sines cost nothing, and a table of them would have as many rows as a text has tokens at most.
void rotate_rows(Tensor rows,
                 std::span<const int32_t> positions,
                 std::span<const float> frequencies,
                 Rotation direction) {
  const FloatTag d;
  const auto half = static_cast<int64_t>(frequencies.size());
  const auto sign = hn::Set(d, direction == Rotation::forward ? 1.0F : -1.0F);
  for (int64_t t = 0; t < rows.rows; ++t) {
    const auto position = hn::Set(d, static_cast<float>(positions[static_cast<size_t>(t)]));
    for (int64_t i = 0; i < half; i += lanes_of(d)) {
      const int64_t count = half - i;
      const auto angle = hn::Mul(position, load_some(d, frequencies.data() + i, count));
      const auto cosine = hn::Cos(d, angle);
      const auto sine = hn::Mul(sign, hn::Sin(d, angle));
      for (int64_t first = 0; first < rows.columns; first += 2 * half) {
        float* to_x = rows.row(t) + first + i;
        float* to_y = to_x + half;
        const auto x = load_some(d, to_x, count);
        const auto y = load_some(d, to_y, count);
        store_some(hn::NegMulAdd(y, sine, hn::Mul(x, cosine)), d, to_x, count);
        store_some(hn::MulAdd(x, sine, hn::Mul(y, cosine)), d, to_y, count);
      }
    }
  }
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(rotate_rows);

void rotate(Tensor rows,
            std::span<const int32_t> positions,
            std::span<const float> frequencies,
            Rotation direction) {
  HWY_DYNAMIC_DISPATCH(rotate_rows)(rows, positions, frequencies, direction);
}

}  // namespace fastintent::cpu
#endif
