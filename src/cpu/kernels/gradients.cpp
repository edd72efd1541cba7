#include "cpu/kernels/gradients.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/gradients.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

// Squares of this many elements are summed in f32 before they are added to the sum in double: with
// 16 lanes, a lane adds 32 of them, so the norm keeps more than six digits. A block stays in L1
// while the parts are added.
constexpr int64_t kNormBlock = 512;

HWY_INLINE void add_row(FloatTag d, const float* row, float* out, int64_t H) {
  for (int64_t h = 0; h < H; h += lanes_of(d)) {
    const auto sum = hn::Add(load_some(d, out + h, H - h), load_some(d, row + h, H - h));
    store_some(sum, d, out + h, H - h);
  }
}

void sum_columns_of(ConstTensor rows, Write write, std::span<float> out) {
  const FloatTag d;
  if (write == Write::overwrite) {
    std::fill(out.begin(), out.end(), 0.0F);
  }
  for (int64_t t = 0; t < rows.rows; ++t) {
    add_row(d, rows.row(t), out.data(), rows.columns);
  }
}

void add_rows_to(ConstTensor d_rows, std::span<const int32_t> slots, Tensor d_table) {
  const FloatTag d;
  for (int64_t t = 0; t < d_rows.rows; ++t) {
    add_row(d, d_rows.row(t), d_table.row(slots[static_cast<size_t>(t)]), d_rows.columns);
  }
}

double sum_gradient_parts(std::span<const std::span<const float>> parts, std::span<float> out) {
  const FloatTag d;
  const auto size = static_cast<int64_t>(out.size());
  double squared_norm = 0;
  for (int64_t block = 0; block < size; block += kNormBlock) {
    const int64_t end = std::min(size, block + kNormBlock);
    auto squares = hn::Zero(d);
    for (int64_t i = block; i < end; i += lanes_of(d)) {
      const int64_t count = end - i;
      auto sum = hn::Zero(d);
      for (const std::span<const float> part : parts) {
        sum = hn::Add(sum, load_some(d, part.data() + i, count));
      }
      store_some(sum, d, out.data() + i, count);
      squares = hn::MulAdd(sum, sum, squares);
    }
    squared_norm += static_cast<double>(sum_of_lanes(d, squares));
  }
  return squared_norm;
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(sum_columns_of);
HWY_EXPORT(add_rows_to);
HWY_EXPORT(sum_gradient_parts);

void sum_columns(ConstTensor rows, Write write, std::span<float> out) {
  HWY_DYNAMIC_DISPATCH(sum_columns_of)(rows, write, out);
}

void add_rows(ConstTensor d_rows, std::span<const int32_t> slots, Tensor d_table) {
  HWY_DYNAMIC_DISPATCH(add_rows_to)(d_rows, slots, d_table);
}

double sum_gradients(std::span<const std::span<const float>> parts, std::span<float> out) {
  return HWY_DYNAMIC_DISPATCH(sum_gradient_parts)(parts, out);
}

}  // namespace fastintent::cpu
#endif
