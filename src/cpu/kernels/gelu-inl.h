// GELU in its exact form, x Φ(x) (Hendrycks & Gimpel 2016), where Φ is the normal distribution
// function. Compiled once for each instruction set.
#if defined(FASTINTENT_CPU_KERNELS_GELU_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FASTINTENT_CPU_KERNELS_GELU_INL_H_
#undef FASTINTENT_CPU_KERNELS_GELU_INL_H_
#else
#define FASTINTENT_CPU_KERNELS_GELU_INL_H_
#endif

#include "cpu/kernels/vectors-inl.h"
#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

// |x|, at most 5.5: less than 2e-8 of the normal distribution is beyond. The argument order of Min
// and Max below lets NaN through.
HWY_INLINE FloatVector limited_magnitude(FloatTag d, FloatVector x) {
  return hn::Min(hn::Set(d, 5.5F), hn::Abs(x));
}

// The part of the normal distribution beyond `a`, 1 - Φ(a), for a in [0, 5.5].
//
// Its eighth root is so smooth that a polynomial of degree 8 has an error below 4e-9 of GELU
// (scripts/fit_gelu.py) and needs no division: in f32, GELU is accurate to 3e-7.
HWY_INLINE FloatVector normal_tail(FloatTag d, FloatVector a) {
  auto root = hn::Set(d, -2.951989586108539e-07F);
  root = hn::MulAdd(root, a, hn::Set(d, 7.469037882401608e-06F));
  root = hn::MulAdd(root, a, hn::Set(d, -6.01915453444235e-05F));
  root = hn::MulAdd(root, a, hn::Set(d, 3.407552867429331e-05F));
  root = hn::MulAdd(root, a, hn::Set(d, 0.00150477874558419F));
  root = hn::MulAdd(root, a, hn::Set(d, -0.0006724106497131288F));
  root = hn::MulAdd(root, a, hn::Set(d, -0.03192780166864395F));
  root = hn::MulAdd(root, a, hn::Set(d, -0.09145749360322952F));
  root = hn::MulAdd(root, a, hn::Set(d, 0.9170039892196655F));
  root = hn::Mul(root, root);
  root = hn::Mul(root, root);
  return hn::Mul(root, root);
}

// x Φ(x) = max(x, 0) - |x| (1 - Φ(|x|))
HWY_INLINE FloatVector gelu(FloatTag d, FloatVector x) {
  const auto a = limited_magnitude(d, x);
  return hn::NegMulAdd(a, normal_tail(d, a), hn::Max(hn::Zero(d), x));
}

// Φ(x) + x φ(x)
HWY_INLINE FloatVector gelu_slope(FloatTag d, FloatVector x) {
  constexpr float kInverseRoot2Pi = 0.39894228040143268F;
  const auto tail = normal_tail(d, limited_magnitude(d, x));
  const auto one = hn::Set(d, 1.0F);
  const auto share = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), tail, hn::Sub(one, tail));
  const auto density =
      hn::Mul(hn::Exp(d, hn::Mul(hn::Mul(x, x), hn::Set(d, -0.5F))), hn::Set(d, kInverseRoot2Pi));
  return hn::MulAdd(x, density, share);
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
