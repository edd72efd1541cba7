#include "cpu/kernels/activation.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/activation.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/activation-inl.h"
#include "cpu/kernels/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

template <class Function>
void activate_with(ConstTensor in, Tensor out) {
  const FloatTag d;
  for (int64_t t = 0; t < in.rows; ++t) {
    const float* from = in.row(t);
    float* to = out.row(t);
    for (int64_t n = 0; n < in.columns; n += lanes_of(d)) {
      const int64_t count = in.columns - n;
      store_some(Function::value(d, load_some(d, from + n, count)), d, to + n, count);
    }
  }
}

template <class Function>
void multiply_slope(ConstTensor pre_activation, Tensor d_out) {
  const FloatTag d;
  for (int64_t t = 0; t < d_out.rows; ++t) {
    const float* from = pre_activation.row(t);
    float* to = d_out.row(t);
    for (int64_t n = 0; n < d_out.columns; n += lanes_of(d)) {
      const int64_t count = d_out.columns - n;
      const auto slope = Function::slope(d, load_some(d, from + n, count));
      store_some(hn::Mul(load_some(d, to + n, count), slope), d, to + n, count);
    }
  }
}

void activate_rows(ConstTensor in, Activation activation, Tensor out) {
  with_activation(activation, [&](auto function) { activate_with<decltype(function)>(in, out); });
}

void activate_backward_rows(ConstTensor pre_activation, Activation activation, Tensor d_out) {
  with_activation(activation, [&](auto function) {
    multiply_slope<decltype(function)>(pre_activation, d_out);
  });
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(activate_rows);
HWY_EXPORT(activate_backward_rows);

void activate(ConstTensor in, Activation activation, Tensor out) {
  HWY_DYNAMIC_DISPATCH(activate_rows)(in, activation, out);
}

void activate_backward(ConstTensor pre_activation, Activation activation, Tensor d_out) {
  HWY_DYNAMIC_DISPATCH(activate_backward_rows)(pre_activation, activation, d_out);
}

}  // namespace fastintent::cpu
#endif
