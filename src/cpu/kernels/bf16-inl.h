// Rounding of rows to bf16. Compiled once for each instruction set.
#if defined(FASTINTENT_CPU_KERNELS_BF16_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FASTINTENT_CPU_KERNELS_BF16_INL_H_
#undef FASTINTENT_CPU_KERNELS_BF16_INL_H_
#else
#define FASTINTENT_CPU_KERNELS_BF16_INL_H_
#endif

#include "cpu/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

using BitsTag = hn::RebindToUnsigned<FloatTag>;

// Rounds to the upper 16 bits by adding half a unit of the last kept place, less one when that
// place is even. A NaN is left unchanged, because the carry could make it infinite; its quiet bit
// is among the kept bits.
HWY_INLINE hn::Vec<BitsTag> rounded_bits(FloatVector v) {
  const BitsTag bits_tag;
  const auto bits = hn::BitCast(bits_tag, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(bits_tag, 1U));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(bits_tag, 0x7FFFU)));
  const auto quiet = hn::Or(bits, hn::Set(bits_tag, 0x00400000U));
  return hn::IfThenElse(hn::RebindMask(bits_tag, hn::Ne(v, v)), quiet, rounded);
}

HWY_INLINE void convert_row_to_bf16(FloatTag d, const float* in, int64_t columns, uint16_t* out) {
  const hn::Rebind<uint16_t, FloatTag> half;
  HWY_ALIGN uint16_t last[hn::MaxLanes(d)];
  for (int64_t c = 0; c < columns; c += lanes_of(d)) {
    const int64_t count = columns - c;
    const auto upper = hn::ShiftRight<16>(rounded_bits(load_some(d, in + c, count)));
    const auto bf16 = hn::TruncateTo(half, upper);
    if (HWY_LIKELY(count >= lanes_of(d))) {
      hn::StoreU(bf16, half, out + c);
    } else {
      hn::Store(bf16, half, last);
      std::copy_n(last, count, out + c);
    }
  }
}

// Rounds to bf16 and stores the values as f32. out may be in.
HWY_INLINE void round_row_to_bf16(FloatTag d, const float* in, int64_t columns, float* out) {
  const BitsTag bits_tag;
  for (int64_t c = 0; c < columns; c += lanes_of(d)) {
    const int64_t count = columns - c;
    const auto bits = rounded_bits(load_some(d, in + c, count));
    const auto upper = hn::And(bits, hn::Set(bits_tag, 0xFFFF0000U));
    store_some(hn::BitCast(d, upper), d, out + c, count);
  }
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
