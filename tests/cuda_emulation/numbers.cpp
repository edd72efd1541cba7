#include <algorithm>
#include <bit>
#include <cmath>

#include "emulated_device.h"

namespace fastintent::cuda::emulation {

float float_of_half(uint16_t bits) {
  const uint32_t size = bits & 0x7fffU;
  // The biases of the exponents are 112 apart. The product is exact, also of subnormal numbers.
  const float value = size >= 0x7c00 ? std::bit_cast<float>((size << 13) | 0x7f800000U)
                                     : std::bit_cast<float>(size << 13) * 0x1p112F;
  return (bits & 0x8000) != 0 ? -value : value;
}

uint16_t half_of_float(float value) {
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000 : 0);
  const float size = std::fabs(value);
  if (std::isnan(value)) {
    return 0x7e00;
  }
  // Halfway between the largest half and the next power rounds up, to infinity.
  if (size >= 65520.0F) {
    return sign | 0x7c00;
  }
  if (size == 0) {
    return sign;
  }
  int exponent = 0;
  std::frexp(size, &exponent);
  // Below 2^-14 the steps stay 2^-24.
  const int step = std::max(exponent - 11, -24);
  const auto steps = static_cast<uint32_t>(std::nearbyint(std::ldexp(size, -step)));
  // A fraction that rounds up to 2048 carries into the exponent, which the bit order makes correct.
  const uint32_t biased = step == -24 ? 0 : static_cast<uint32_t>(step + 24);
  return static_cast<uint16_t>(sign | ((biased << 10) + steps));
}

uint16_t bfloat16_of_float(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) {
    return 0x7fc0;
  }
  return static_cast<uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

}  // namespace fastintent::cuda::emulation
