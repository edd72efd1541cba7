// Layer normalisation of one row. Compiled once for each instruction set.
#if defined(FASTINTENT_CPU_KERNELS_LAYER_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FASTINTENT_CPU_KERNELS_LAYER_NORM_INL_H_
#undef FASTINTENT_CPU_KERNELS_LAYER_NORM_INL_H_
#else
#define FASTINTENT_CPU_KERNELS_LAYER_NORM_INL_H_
#endif

#include <cmath>
#include <span>

#include "compute/backend.h"
#include "cpu/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

/// Computes (row - mean) · factor · scale + shift in place; normal_row receives (row - mean) ·
/// factor. Template parameters select what is kept and what is absent, so that the loop has no
/// branch.
template <bool kKeeps, bool kShifts>
HWY_INLINE void write_normal_row(FloatTag d,
                                 FloatVector mean,
                                 FloatVector factor,
                                 const LayerNorm& layer_norm,
                                 std::span<float> row,
                                 float* normal_row) {
  const auto H = static_cast<int64_t>(row.size());
  float* x = row.data();
  for (int64_t h = 0; h < H; h += lanes_of(d)) {
    const int64_t count = H - h;
    const auto normal = hn::Mul(hn::Sub(load_some(d, x + h, count), mean), factor);
    if constexpr (kKeeps) {
      store_some(normal, d, normal_row + h, count);
    }
    const auto scale = load_some(d, layer_norm.scale.data() + h, count);
    if constexpr (kShifts) {
      const auto shift = load_some(d, layer_norm.shift.data() + h, count);
      store_some(hn::MulAdd(normal, scale, shift), d, x + h, count);
    } else {
      store_some(hn::Mul(normal, scale), d, x + h, count);
    }
  }
}

// Normalises row t of `out` in place. `sum` is the sum of the row, which the pass that wrote the
// row has already computed. Two passes over a row that is in the L1 cache.
HWY_INLINE void normalize_row(FloatTag d,
                              FloatVector sum,
                              const LayerNorm& layer_norm,
                              Tensor out,
                              const NormalizedRows& keep,
                              int64_t t) {
  const int64_t H = out.columns;
  const float per_column = 1.0F / static_cast<float>(H);
  float* x = out.row(t);
  const auto mean = hn::Set(d, sum_of_lanes(d, sum) * per_column);
  auto squares = hn::Zero(d);
  for (int64_t h = 0; h < H; h += lanes_of(d)) {
    const auto centred = keep_first(d, hn::Sub(load_some(d, x + h, H - h), mean), H - h);
    squares = hn::MulAdd(centred, centred, squares);
  }
  const float variance = sum_of_lanes(d, squares) * per_column;
  const float inverse_deviation = 1.0F / std::sqrt(variance + layer_norm.epsilon);
  const auto factor = hn::Set(d, inverse_deviation);

  const std::span row(x, static_cast<size_t>(H));
  const bool shifts = !layer_norm.shift.empty();
  if (!keep.normal.empty()) {
    keep.inverse_deviation[static_cast<size_t>(t)] = inverse_deviation;
    float* normal = keep.normal.row(t);
    shifts ? write_normal_row<true, true>(d, mean, factor, layer_norm, row, normal)
           : write_normal_row<true, false>(d, mean, factor, layer_norm, row, normal);
  } else {
    shifts ? write_normal_row<false, true>(d, mean, factor, layer_norm, row, nullptr)
           : write_normal_row<false, false>(d, mean, factor, layer_norm, row, nullptr);
  }
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
