#include "cpu/kernels/gate.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/gate.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/activation-inl.h"
#include "cpu/kernels/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

template <class Function>
void gate_with(ConstTensor in, Tensor out) {
  const FloatTag d;
  const int64_t I = out.columns;
  for (int64_t t = 0; t < out.rows; ++t) {
    const float* a = in.row(t);
    const float* b = a + I;
    float* to = out.row(t);
    for (int64_t i = 0; i < I; i += lanes_of(d)) {
      const int64_t count = I - i;
      const auto activated = Function::value(d, load_some(d, a + i, count));
      store_some(hn::Mul(activated, load_some(d, b + i, count)), d, to + i, count);
    }
  }
}

template <class Function>
void gate_backward_with(ConstTensor in, ConstTensor d_out, Tensor d_in) {
  const FloatTag d;
  const int64_t I = d_out.columns;
  for (int64_t t = 0; t < d_out.rows; ++t) {
    const float* from = d_out.row(t);
    const float* a = in.row(t);
    const float* b = a + I;
    float* d_a = d_in.row(t);
    float* d_b = d_a + I;
    for (int64_t i = 0; i < I; i += lanes_of(d)) {
      const int64_t count = I - i;
      const auto gradient = load_some(d, from + i, count);
      const auto x = load_some(d, a + i, count);
      const auto open = hn::Mul(gradient, load_some(d, b + i, count));
      store_some(hn::Mul(open, Function::slope(d, x)), d, d_a + i, count);
      store_some(hn::Mul(gradient, Function::value(d, x)), d, d_b + i, count);
    }
  }
}

void gate_rows(ConstTensor in, Activation activation, Tensor out) {
  with_activation(activation, [&](auto function) { gate_with<decltype(function)>(in, out); });
}

void gate_backward_rows(ConstTensor in, Activation activation, ConstTensor d_out, Tensor d_in) {
  with_activation(activation,
                  [&](auto function) { gate_backward_with<decltype(function)>(in, d_out, d_in); });
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(gate_rows);
HWY_EXPORT(gate_backward_rows);

void gate(ConstTensor in, Activation activation, Tensor out) {
  HWY_DYNAMIC_DISPATCH(gate_rows)(in, activation, out);
}

void gate_backward(ConstTensor in, Activation activation, ConstTensor d_out, Tensor d_in) {
  HWY_DYNAMIC_DISPATCH(gate_backward_rows)(in, activation, d_out, d_in);
}

}  // namespace fastintent::cpu
#endif
