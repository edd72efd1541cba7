// compute/dropout.h for vectors. Compiled once for each instruction set.
#if defined(FASTINTENT_CPU_KERNELS_DROPOUT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FASTINTENT_CPU_KERNELS_DROPOUT_INL_H_
#undef FASTINTENT_CPU_KERNELS_DROPOUT_INL_H_
#else
#define FASTINTENT_CPU_KERNELS_DROPOUT_INL_H_
#endif

#include "compute/dropout.h"
#include "cpu/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

using BitsTag = hn::RebindToUnsigned<FloatTag>;
using BitsVector = hn::Vec<BitsTag>;

HWY_INLINE BitsVector mix_bits_of_lanes(BitsTag d, BitsVector x) {
  x = hn::Xor(x, hn::ShiftRight<16>(x));
  x = hn::Mul(x, hn::Set(d, 0x85ebca6bU));
  x = hn::Xor(x, hn::ShiftRight<13>(x));
  x = hn::Mul(x, hn::Set(d, 0xc2b2ae35U));
  return hn::Xor(x, hn::ShiftRight<16>(x));
}

/// The dropout of one tensor: the factors of consecutive elements, 0 or 1 / (1 - rate).
class DropoutLanes {
 public:
  explicit DropoutLanes(const Dropout& dropout)
      : rate_(dropout.rate),
        first_key_(dropout_keys(dropout.seed).first),
        second_key_(dropout_keys(dropout.seed).second),
        threshold_(dropout_threshold(dropout.rate)),
        scale_(1.0F / (1.0F - dropout.rate)) {}

  bool active() const { return rate_ > 0; }

  HWY_INLINE FloatVector factors(FloatTag d, uint32_t first_index) const {
    return factors_at(d, hn::Iota(BitsTag(), first_index));
  }

  HWY_INLINE FloatVector factors_at(FloatTag d, BitsVector index) const {
    const BitsTag bits;
    const auto hash = mix_bits_of_lanes(
        bits,
        hn::Xor(mix_bits_of_lanes(bits, hn::Xor(index, hn::Set(bits, first_key_))),
                hn::Set(bits, second_key_)));
    // hash >= threshold, for unsigned numbers
    const auto kept = hn::Eq(hn::Max(hash, hn::Set(bits, threshold_)), hash);
    return hn::IfThenElseZero(hn::RebindMask(d, kept), hn::Set(d, scale_));
  }

 private:
  float rate_;
  uint32_t first_key_;
  uint32_t second_key_;
  uint32_t threshold_;
  float scale_;
};

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
