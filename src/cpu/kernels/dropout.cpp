#include "cpu/kernels/dropout.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/dropout.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/dropout-inl.h"
#include "cpu/kernels/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

void apply_dropout_rows(ConstTensor in, const Dropout& dropout, Tensor out) {
  const FloatTag d;
  const DropoutLanes lanes(dropout);
  for (int64_t t = 0; t < in.rows; ++t) {
    for (int64_t h = 0; h < in.columns; h += lanes_of(d)) {
      const int64_t count = in.columns - h;
      const auto factor = lanes.factors(d, static_cast<uint32_t>(t * in.columns + h));
      const auto kept = hn::Mul(load_some(d, in.row(t) + h, count), factor);
      store_some(kept, d, out.row(t) + h, count);
    }
  }
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(apply_dropout_rows);

void apply_dropout(ConstTensor in, Dropout dropout, Tensor out) {
  HWY_DYNAMIC_DISPATCH(apply_dropout_rows)(in, dropout, out);
}

}  // namespace fastintent::cpu
#endif
