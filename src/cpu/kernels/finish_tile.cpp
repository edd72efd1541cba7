#include "cpu/kernels/finish_tile.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/finish_tile.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/activation-inl.h"
#include "cpu/kernels/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

// Works through vectors of columns, so that the values of a column are loaded once.
template <class Function>
void finish_with(const TileSums& sums,
                 const Int8Scales& scales,
                 const float* bias,
                 ConstTensor residual,
                 Tensor out) {
  const FloatTag d;
  const hn::RebindToSigned<FloatTag> integers;
  const bool int8 = sums.element == Element::int8;
  const auto zero = hn::Zero(d);
  for (int64_t c = 0; c < out.columns; c += lanes_of(d)) {
    const int64_t count = out.columns - c;
    const auto shift = bias != nullptr ? load_some(d, bias + c, count) : zero;
    const auto column_scale = int8 ? load_some(d, scales.column_scales + c, count) : zero;
    const auto column_sum = int8 ? load_some(d, scales.column_sums + c, count) : zero;
    for (int64_t r = 0; r < out.rows; ++r) {
      const auto* from = reinterpret_cast<const float*>(sums.values + r * sums.stride + c);
      auto value = load_some(d, from, count);
      if (int8) {
        const auto whole = hn::ConvertTo(d, hn::BitCast(integers, value));
        const auto product = hn::NegMulAdd(hn::Set(d, scales.zeros[r]), column_sum, whole);
        const auto scale = hn::Mul(hn::Set(d, scales.row_scales[r]), column_scale);
        value = hn::MulAdd(product, scale, shift);
      } else {
        value = hn::Add(value, shift);
      }
      value = Function::value(d, value);
      if (!residual.empty()) {
        value = hn::Add(value, load_some(d, residual.row(r) + c, count));
      }
      store_some(value, d, out.row(r) + c, count);
    }
  }
}

void finish(const TileSums& sums,
            const Int8Scales& scales,
            const float* bias,
            Activation activation,
            ConstTensor residual,
            Tensor out) {
  with_activation(activation, [&](auto function) {
    finish_with<decltype(function)>(sums, scales, bias, residual, out);
  });
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(finish);

void finish_tile(const TileSums& sums,
                 const Int8Scales& scales,
                 const float* bias,
                 Activation activation,
                 ConstTensor residual,
                 Tensor out) {
  HWY_DYNAMIC_DISPATCH(finish)(sums, scales, bias, activation, residual, out);
}

}  // namespace fastintent::cpu
#endif
