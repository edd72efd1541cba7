// Activations and their slopes. Compiled once for each instruction set.
#if defined(FASTINTENT_CPU_KERNELS_ACTIVATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FASTINTENT_CPU_KERNELS_ACTIVATION_INL_H_
#undef FASTINTENT_CPU_KERNELS_ACTIVATION_INL_H_
#else
#define FASTINTENT_CPU_KERNELS_ACTIVATION_INL_H_
#endif

#include "compute/operands.h"
#include "cpu/kernels/exp-inl.h"
#include "cpu/kernels/gelu-inl.h"
#include "cpu/kernels/vectors-inl.h"
#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

struct Identity {
  static HWY_INLINE FloatVector value(FloatTag, FloatVector x) { return x; }
  static HWY_INLINE FloatVector slope(FloatTag d, FloatVector) { return hn::Set(d, 1.0F); }
};

struct Gelu {
  static HWY_INLINE FloatVector value(FloatTag d, FloatVector x) { return gelu(d, x); }
  static HWY_INLINE FloatVector slope(FloatTag d, FloatVector x) { return gelu_slope(d, x); }
};

// 1 / (1 + e^-x), with an error below 2e-7; NaN stays NaN. The power of e is at most 1, so nothing
// overflows.
HWY_INLINE FloatVector sigmoid(FloatTag d, FloatVector x) {
  const auto one = hn::Set(d, 1.0F);
  const auto power = exp2(d, hn::Mul(hn::Abs(x), hn::Set(d, -kLog2OfE)));
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), power, one), hn::Add(one, power));
}

// x in [-100, 100], for slopes: beyond, the sigmoids below are 0 or 1, and products with x would
// overflow. This argument order lets NaN through.
HWY_INLINE FloatVector limited(FloatTag d, FloatVector x) {
  return hn::Max(hn::Set(d, -100.0F), hn::Min(hn::Set(d, 100.0F), x));
}

// GELU's tanh form, x/2 (1 + tanh(z/2)), is x sigmoid(z) with z = x (kLinear + kCubic x²).
struct GeluTanh {
  static constexpr float kLinear = 1.5957691216057308F;  // 2 sqrt(2 / pi)
  static constexpr float kCubic = 0.044715F * kLinear;

  static HWY_INLINE FloatVector value(FloatTag d, FloatVector x) {
    const auto z = hn::Mul(x, hn::MulAdd(hn::Mul(x, x), hn::Set(d, kCubic), hn::Set(d, kLinear)));
    return hn::Mul(x, sigmoid(d, z));
  }
  // s + x s (1 - s) (kLinear + 3 kCubic x²) with s = sigmoid(z)
  static HWY_INLINE FloatVector slope(FloatTag d, FloatVector x) {
    x = limited(d, x);
    const auto square = hn::Mul(x, x);
    const auto linear = hn::Set(d, kLinear);
    const auto s = sigmoid(d, hn::Mul(x, hn::MulAdd(square, hn::Set(d, kCubic), linear)));
    const auto z_slope = hn::MulAdd(square, hn::Set(d, 3 * kCubic), linear);
    return hn::MulAdd(hn::Mul(x, z_slope), hn::NegMulAdd(s, s, s), s);
  }
};

// x sigmoid(scale x)
template <class Scale>
struct Swish {
  static HWY_INLINE FloatVector value(FloatTag d, FloatVector x) {
    return hn::Mul(x, sigmoid(d, hn::Mul(x, hn::Set(d, Scale::kValue))));
  }
  // s + z s (1 - s) with z = scale x and s = sigmoid(z)
  static HWY_INLINE FloatVector slope(FloatTag d, FloatVector x) {
    const auto z = hn::Mul(limited(d, x), hn::Set(d, Scale::kValue));
    const auto s = sigmoid(d, z);
    return hn::MulAdd(z, hn::NegMulAdd(s, s, s), s);
  }
};

struct SiluScale {
  static constexpr float kValue = 1.0F;
};
struct QuickGeluScale {
  static constexpr float kValue = 1.702F;
};

struct Tanh {
  static HWY_INLINE FloatVector value(FloatTag d, FloatVector x) { return hn::Tanh(d, x); }
  static HWY_INLINE FloatVector slope(FloatTag d, FloatVector x) {
    const auto y = hn::Tanh(d, x);
    return hn::NegMulAdd(y, y, hn::Set(d, 1.0F));
  }
};

struct Relu {
  /// A NaN stays NaN: Max returns its second argument then.
  static HWY_INLINE FloatVector value(FloatTag d, FloatVector x) { return hn::Max(hn::Zero(d), x); }
  static HWY_INLINE FloatVector slope(FloatTag d, FloatVector x) {
    return hn::IfThenElseZero(hn::Gt(x, hn::Zero(d)), hn::Set(d, 1.0F));
  }
};

/// Calls run(function) with the struct of that activation.
template <class Run>
HWY_INLINE void with_activation(Activation activation, const Run& run) {
  switch (activation) {
    case Activation::none:
      return run(Identity());
    case Activation::gelu:
      return run(Gelu());
    case Activation::gelu_tanh:
      return run(GeluTanh());
    case Activation::relu:
      return run(Relu());
    case Activation::silu:
      return run(Swish<SiluScale>());
    case Activation::quick_gelu:
      return run(Swish<QuickGeluScale>());
    case Activation::tanh:
      return run(Tanh());
  }
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
