#include "cpu/kernels/activation.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/activation.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/vectors-inl.h"
#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

constexpr float kInverseRoot2 = 0.70710678118654752F;
constexpr float kInverseRoot2Pi = 0.39894228040143268F;

// erf as x P(x²) / Q(x²), coefficients from XLA (hlo/builder/lib/math.cc), on the interval beyond
// which erf is ±1 in f32; absolute error below 2e-7.
HWY_INLINE FloatVector erf(FloatTag d, FloatVector value) {
  constexpr float kLimit = 3.832506856900711F;
  const auto x = hn::Clamp(value, hn::Set(d, -kLimit), hn::Set(d, kLimit));
  const auto s = hn::Mul(x, x);
  auto p = hn::Set(d, 0.00022905065861350646F);
  p = hn::MulAdd(p, s, hn::Set(d, 0.0034082910107109506F));
  p = hn::MulAdd(p, s, hn::Set(d, 0.050955695062380861F));
  p = hn::MulAdd(p, s, hn::Set(d, 0.18520832239976145F));
  p = hn::MulAdd(p, s, hn::Set(d, 1.128379143519084F));
  auto q = hn::Set(d, -1.1791602954361697e-7F);
  q = hn::MulAdd(q, s, hn::Set(d, 0.000023547966471313185F));
  q = hn::MulAdd(q, s, hn::Set(d, 0.0010179625278914885F));
  q = hn::MulAdd(q, s, hn::Set(d, 0.014070470171167667F));
  q = hn::MulAdd(q, s, hn::Set(d, 0.11098505178285362F));
  q = hn::MulAdd(q, s, hn::Set(d, 0.49746925110067538F));
  q = hn::MulAdd(q, s, hn::Set(d, 1.0F));
  return hn::Div(hn::Mul(x, p), q);
}

// Share of the normal distribution below x: (1 + erf(x / √2)) / 2.
HWY_INLINE FloatVector normal_share(FloatTag d, FloatVector x) {
  const auto half = hn::Set(d, 0.5F);
  return hn::MulAdd(erf(d, hn::Mul(x, hn::Set(d, kInverseRoot2))), half, half);
}

struct Gelu {
  static HWY_INLINE FloatVector value(FloatTag d, FloatVector x) {
    return hn::Mul(x, normal_share(d, x));
  }
  static HWY_INLINE FloatVector slope(FloatTag d, FloatVector x) {
    const auto density =
        hn::Mul(hn::Exp(d, hn::Mul(hn::Mul(x, x), hn::Set(d, -0.5F))), hn::Set(d, kInverseRoot2Pi));
    return hn::MulAdd(x, density, normal_share(d, x));
  }
};

struct Tanh {
  static HWY_INLINE FloatVector value(FloatTag d, FloatVector x) { return hn::Tanh(d, x); }
  static HWY_INLINE FloatVector slope(FloatTag d, FloatVector x) {
    const auto y = hn::Tanh(d, x);
    return hn::NegMulAdd(y, y, hn::Set(d, 1.0F));
  }
};

struct Relu {
  static HWY_INLINE FloatVector value(FloatTag d, FloatVector x) { return hn::Max(x, hn::Zero(d)); }
  static HWY_INLINE FloatVector slope(FloatTag d, FloatVector x) {
    return hn::IfThenElseZero(hn::Gt(x, hn::Zero(d)), hn::Set(d, 1.0F));
  }
};

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
  if (activation == Activation::gelu) activate_with<Gelu>(in, out);
  if (activation == Activation::tanh) activate_with<Tanh>(in, out);
  if (activation == Activation::relu) activate_with<Relu>(in, out);
}

void activate_backward_rows(ConstTensor pre_activation, Activation activation, Tensor d_out) {
  if (activation == Activation::gelu) multiply_slope<Gelu>(pre_activation, d_out);
  if (activation == Activation::tanh) multiply_slope<Tanh>(pre_activation, d_out);
  if (activation == Activation::relu) multiply_slope<Relu>(pre_activation, d_out);
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
