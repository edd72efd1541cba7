#include "cpu/kernels/convert.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/convert.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

using BitsTag = hn::RebindToUnsigned<FloatTag>;

// Rounds to the upper 16 bits: half a unit of the last place kept, less one when that place is
// even. A NaN is left as it is, lest the carry make it infinite; its quiet bit is among those kept.
HWY_INLINE hn::Vec<BitsTag> rounded_bits(FloatVector v) {
  const BitsTag bits_tag;
  const auto bits = hn::BitCast(bits_tag, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(bits_tag, 1U));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(bits_tag, 0x7FFFU)));
  const auto quiet = hn::Or(bits, hn::Set(bits_tag, 0x00400000U));
  return hn::IfThenElse(hn::RebindMask(bits_tag, hn::Ne(v, v)), quiet, rounded);
}

void convert_to_bf16_rows(ConstTensor in, uint16_t* out) {
  const FloatTag d;
  const hn::Rebind<uint16_t, FloatTag> half;
  HWY_ALIGN uint16_t last[hn::MaxLanes(d)];
  for (int64_t r = 0; r < in.rows; ++r, out += in.columns) {
    for (int64_t c = 0; c < in.columns; c += lanes_of(d)) {
      const int64_t count = in.columns - c;
      const auto upper = hn::ShiftRight<16>(rounded_bits(load_some(d, in.row(r) + c, count)));
      const auto bf16 = hn::TruncateTo(half, upper);
      if (HWY_LIKELY(count >= lanes_of(d))) {
        hn::StoreU(bf16, half, out + c);
      } else {
        hn::Store(bf16, half, last);
        std::copy_n(last, count, out + c);
      }
    }
  }
}

void round_to_bf16_rows(ConstTensor in, Tensor out) {
  const FloatTag d;
  const BitsTag bits_tag;
  for (int64_t r = 0; r < in.rows; ++r) {
    for (int64_t c = 0; c < in.columns; c += lanes_of(d)) {
      const int64_t count = in.columns - c;
      const auto bits = rounded_bits(load_some(d, in.row(r) + c, count));
      const auto upper = hn::And(bits, hn::Set(bits_tag, 0xFFFF0000U));
      store_some(hn::BitCast(d, upper), d, out.row(r) + c, count);
    }
  }
}

void add_to_rows(ConstTensor in, Tensor out) {
  const FloatTag d;
  for (int64_t r = 0; r < in.rows; ++r) {
    for (int64_t c = 0; c < in.columns; c += lanes_of(d)) {
      const int64_t count = in.columns - c;
      float* to = out.row(r) + c;
      store_some(
          hn::Add(load_some(d, to, count), load_some(d, in.row(r) + c, count)), d, to, count);
    }
  }
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(convert_to_bf16_rows);
HWY_EXPORT(round_to_bf16_rows);
HWY_EXPORT(add_to_rows);

void convert_to_bf16(ConstTensor in, uint16_t* out) {
  HWY_DYNAMIC_DISPATCH(convert_to_bf16_rows)(in, out);
}

void round_to_bf16(ConstTensor in, Tensor out) {
  HWY_DYNAMIC_DISPATCH(round_to_bf16_rows)(in, out);
}

void copy_rows(ConstTensor in, Tensor out) {
  for (int64_t r = 0; r < in.rows; ++r) std::copy_n(in.row(r), in.columns, out.row(r));
}

void clear_rows(Tensor out) {
  for (int64_t r = 0; r < out.rows; ++r) std::fill_n(out.row(r), out.columns, 0.0F);
}

void add_to(ConstTensor in, Tensor out) {
  HWY_DYNAMIC_DISPATCH(add_to_rows)(in, out);
}

}  // namespace fastintent::cpu
#endif
