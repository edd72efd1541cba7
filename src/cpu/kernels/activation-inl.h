// Activations and their slopes. Compiled once for each instruction set.
#if defined(FASTINTENT_CPU_KERNELS_ACTIVATION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FASTINTENT_CPU_KERNELS_ACTIVATION_INL_H_
#undef FASTINTENT_CPU_KERNELS_ACTIVATION_INL_H_
#else
#define FASTINTENT_CPU_KERNELS_ACTIVATION_INL_H_
#endif

#include "compute/backend.h"
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
    case Activation::tanh:
      return run(Tanh());
    case Activation::relu:
      return run(Relu());
  }
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
