#include "cpu/kernels/convert.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/convert.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/bf16-inl.h"
#include "cpu/kernels/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

void convert_to_bf16_rows(ConstTensor in, uint16_t* out) {
  const FloatTag d;
  for (int64_t r = 0; r < in.rows; ++r, out += in.columns) {
    convert_row_to_bf16(d, in.row(r), in.columns, out);
  }
}

void round_to_bf16_rows(ConstTensor in, Tensor out) {
  const FloatTag d;
  for (int64_t r = 0; r < in.rows; ++r) {
    round_row_to_bf16(d, in.row(r), in.columns, out.row(r));
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
  for (int64_t r = 0; r < in.rows; ++r) {
    std::copy_n(in.row(r), in.columns, out.row(r));
  }
}

void clear_rows(Tensor out) {
  for (int64_t r = 0; r < out.rows; ++r) {
    std::fill_n(out.row(r), out.columns, 0.0F);
  }
}

void add_to(ConstTensor in, Tensor out) {
  HWY_DYNAMIC_DISPATCH(add_to_rows)(in, out);
}

}  // namespace fastintent::cpu
#endif
