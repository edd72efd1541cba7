// Powers of two, for the softmax. Compiled once for each instruction set.
#if defined(FASTINTENT_CPU_KERNELS_EXP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FASTINTENT_CPU_KERNELS_EXP_INL_H_
#undef FASTINTENT_CPU_KERNELS_EXP_INL_H_
#else
#define FASTINTENT_CPU_KERNELS_EXP_INL_H_
#endif

#include "cpu/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

constexpr float kLog2OfE = 1.44269504088896341F;

// 2^x for x below 127, zero below 2^-126; NaN stays NaN. Relative error below 2e-7.
// x = n + f with n an integer and |f| at most 1/2. 2^f is the polynomial of degree 5 with the
// smallest relative error in that range (7.5e-8, by Remez' algorithm); 2^n is n written into a
// float's exponent. This is half the work of hn::Exp, which reduces by ln 2 in two steps and guards
// both ends of its range.
HWY_INLINE FloatVector exp2(FloatTag d, FloatVector x) {
  // Floats around 3 · 2^22 are integers: adding it rounds x to n, and the last bits of the sum are
  // then n plus the exponent's bias, 127.
  const auto round = hn::Set(d, 12582912.0F + 127.0F);
  const auto at_least = hn::Max(hn::Set(d, -127.0F), x);  // this argument order lets NaN through
  const auto rounded = hn::Add(at_least, round);
  const auto f = hn::Sub(at_least, hn::Sub(rounded, round));
  auto p = hn::Set(d, 0.0013276468962430954F);
  p = hn::MulAdd(p, f, hn::Set(d, 0.009675540961325169F));
  p = hn::MulAdd(p, f, hn::Set(d, 0.05550713464617729F));
  p = hn::MulAdd(p, f, hn::Set(d, 0.24022120237350464F));
  p = hn::MulAdd(p, f, hn::Set(d, 0.6931469440460205F));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0F));
  const hn::RebindToUnsigned<FloatTag> bits;
  return hn::Mul(p, hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(bits, rounded))));
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
