#include "cpu/kernels/factor_rows.h"

#include <cmath>
#include <cstring>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels/factor_rows.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "cpu/kernels/bf16-inl.h"
#include "cpu/kernels/layer_norm-inl.h"
#include "cpu/kernels/vectors-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

// Smaller ranges count as zero: their scale is too small to divide by.
constexpr float kSmallest = 1e-30F;

// Converts row [columns] to bytes; see convert_rows.
HWY_INLINE void quantize_row(
    FloatTag d, const float* row, int64_t columns, const Factor& out, int64_t t) {
  auto lowest = hn::Zero(d);
  auto highest = hn::Zero(d);
  for (int64_t c = 0; c < columns; c += lanes_of(d)) {
    const auto value = load_some(d, row + c, columns - c);
    lowest = hn::Min(lowest, value);
    highest = hn::Max(highest, value);
  }
  const float low = hn::GetLane(hn::MinOfLanes(d, lowest));
  const float range = hn::GetLane(hn::MaxOfLanes(d, highest)) - low;
  const float scale = range > kSmallest ? range / 255.0F : 1.0F;
  const float zero = std::nearbyint(-low / scale);
  out.scales[t] = scale;
  out.zeros[t] = zero;

  const hn::Rebind<uint8_t, FloatTag> bytes;
  const auto steps = hn::Set(d, 1.0F / scale);
  const auto shift = hn::NearestInt(hn::Set(d, zero));
  auto* to = reinterpret_cast<uint8_t*>(out.row(t));
  HWY_ALIGN uint8_t last[hn::MaxLanes(d)];
  for (int64_t c = 0; c < columns; c += lanes_of(d)) {
    const int64_t count = columns - c;
    // Rounded before the shift, so that processors without fused multiply-add break ties alike.
    const auto value = hn::NearestInt(hn::Mul(load_some(d, row + c, count), steps));
    // Rounding may exceed the range by one; the demotion saturates.
    const auto quantized = hn::DemoteTo(bytes, hn::Add(value, shift));
    if (HWY_LIKELY(count >= lanes_of(d))) {
      hn::StoreU(quantized, bytes, to + c);
    } else {
      hn::Store(quantized, bytes, last);
      std::copy_n(last, count, to + c);
    }
  }
}

HWY_INLINE void convert_row(
    FloatTag d, const float* row, int64_t columns, const Factor& out, int64_t t) {
  auto* to = reinterpret_cast<char*>(out.row(t));
  switch (out.element) {
    case Element::fp32:
      if (to != reinterpret_cast<const char*>(row)) {
        std::memcpy(to, row, columns * sizeof(float));
      }
      return;
    case Element::rounded_fp32:
      round_row_to_bf16(d, row, columns, reinterpret_cast<float*>(to));
      return;
    case Element::bf16:
      convert_row_to_bf16(d, row, columns, reinterpret_cast<uint16_t*>(to));
      break;
    case Element::int8:
      quantize_row(d, row, columns, out, t);
      break;
  }
  const int64_t bytes = columns * bytes_of(out.element);
  std::memset(to + bytes, 0, static_cast<size_t>(words_of(out.element, columns) * 4 - bytes));
}

// Infinity makes the largest magnitude of the row infinite. NaN is detected separately, because Max
// may drop it.
WeightScale quantize_weight_row(FloatTag d, const float* row, int64_t columns, int8_t* out) {
  auto largest = hn::Zero(d);
  auto not_numbers = hn::Zero(d);
  for (int64_t c = 0; c < columns; c += lanes_of(d)) {
    const auto value = load_some(d, row + c, columns - c);
    largest = hn::Max(largest, hn::Abs(value));
    not_numbers = hn::Add(not_numbers, hn::Sub(value, value));
  }
  const float most = hn::GetLane(hn::MaxOfLanes(d, largest));
  WeightScale result{most > kSmallest ? most / 127.0F : 1.0F, 0};
  if (const float zero = sum_of_lanes(d, not_numbers); zero != 0 || !std::isfinite(most)) {
    return {std::numeric_limits<float>::infinity(), 0};
  }
  const float steps = 1.0F / result.scale;
  const hn::RebindToSigned<FloatTag> wide;
  HWY_ALIGN int32_t values[hn::MaxLanes(d)];
  int32_t sum = 0;
  for (int64_t c = 0; c < columns; c += lanes_of(d)) {
    const int64_t count = std::min(columns - c, lanes_of(d));
    const auto value = hn::NearestInt(hn::Mul(load_some(d, row + c, count), hn::Set(d, steps)));
    hn::Store(hn::Clamp(value, hn::Set(wide, -127), hn::Set(wide, 127)), wide, values);
    for (int64_t i = 0; i < count; ++i) {
      out[c + i] = static_cast<int8_t>(values[i]);
      sum += values[i];
    }
  }
  result.sum = static_cast<float>(sum);
  return result;
}

WeightScale convert_weight(const float* row, int64_t columns, Element element, uint32_t* out) {
  const FloatTag d;
  if (element != Element::int8) {
    convert_row(d, row, columns, {.element = element, .words = out}, 0);
    return {};
  }
  out[words_of(element, columns) - 1] = 0;
  return quantize_weight_row(d, row, columns, reinterpret_cast<int8_t*>(out));
}

void convert(ConstTensor in, const Factor& out) {
  const FloatTag d;
  for (int64_t t = 0; t < in.rows; ++t) {
    convert_row(d, in.row(t), in.columns, out, t);
  }
}

void normalize(Tensor rows, const LayerNorm& layer_norm, const Factor& out) {
  const FloatTag d;
  for (int64_t t = 0; t < rows.rows; ++t) {
    const float* x = rows.row(t);
    auto sum = hn::Zero(d);
    for (int64_t h = 0; h < rows.columns; h += lanes_of(d)) {
      sum = hn::Add(sum, load_some(d, x + h, rows.columns - h));
    }
    normalize_row(d, sum, layer_norm, rows, {}, t);
    convert_row(d, x, rows.columns, out, t);
  }
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fastintent::cpu {

HWY_EXPORT(convert);
HWY_EXPORT(convert_weight);
HWY_EXPORT(normalize);

void convert_rows(ConstTensor in, const Factor& out) {
  HWY_DYNAMIC_DISPATCH(convert)(in, out);
}

WeightScale convert_weight_row(const float* row, int64_t columns, Element element, uint32_t* out) {
  return HWY_DYNAMIC_DISPATCH(convert_weight)(row, columns, element, out);
}

void normalize_rows(Tensor rows, const LayerNorm& layer_norm, const Factor& out) {
  HWY_DYNAMIC_DISPATCH(normalize)(rows, layer_norm, out);
}

}  // namespace fastintent::cpu
#endif
