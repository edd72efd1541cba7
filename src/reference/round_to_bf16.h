#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace fastintent::reference {

/// The nearest number that bfloat16 (the upper half of a float) can hold; ties to even.
inline float round_to_bf16(float value) {
  if (std::isnan(value)) {
    return value;  // the sum below could carry a NaN's bits into an infinity
  }
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t last_kept = (bits >> 16) & 1U;
  return std::bit_cast<float>((bits + 0x7fffU + last_kept) & 0xffff0000U);
}

}  // namespace fastintent::reference
