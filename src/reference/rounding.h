#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "fastintent/options.h"

// How the floating-point precisions round the factors of a product: to the nearest number that they
// can represent, ties to even.
namespace fastintent::reference {

/// Keeps `kept` of the 23 fraction bits of a float.
inline float round_fraction(float value, int kept) {
  if (std::isnan(value)) {
    return value;  // the sum below could carry a NaN's bits into an infinity
  }
  const auto bits = std::bit_cast<uint32_t>(value);
  const int dropped = 23 - kept;
  const uint32_t below_half = (uint32_t{1} << (dropped - 1)) - 1;
  const uint32_t last_kept = (bits >> dropped) & 1U;
  return std::bit_cast<float>((bits + below_half + last_kept) & (~uint32_t{0} << dropped));
}

/// bfloat16: the upper half of a float.
inline float round_to_bf16(float value) {
  return round_fraction(value, 7);
}

/// TensorFloat-32: a float with fp16's fraction.
inline float round_to_tf32(float value) {
  return round_fraction(value, 10);
}

/// IEEE 754 binary16: steps of 2^-24 below 2^-14, infinity from 65,520 up.
inline float round_to_fp16(float value) {
  constexpr float kSmallestNormal = 0x1p-14F;
  constexpr float kSmallestStep = 0x1p-24F;
  constexpr float kOverflow = 65520.0F;  // halfway from the largest number to the next power of two
  const float size = std::fabs(value);
  if (size < kSmallestNormal) {
    return std::nearbyint(value / kSmallestStep) * kSmallestStep;
  }
  if (size >= kOverflow) {
    return std::copysign(INFINITY, value);
  }
  return round_fraction(value, 10);
}

/// Rounds a factor to `precision`; not for int8, whose factors depend on their row (quantize.h).
inline float round_factor(float value, Precision precision) {
  switch (precision) {
    case Precision::tf32:
      return round_to_tf32(value);
    case Precision::fp16:
      return round_to_fp16(value);
    case Precision::bf16:
      return round_to_bf16(value);
    default:
      return value;
  }
}

}  // namespace fastintent::reference
