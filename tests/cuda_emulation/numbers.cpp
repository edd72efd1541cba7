#include <algorithm>
#include <bit>
#include <cmath>

#include "emulated_device.h"

namespace fastintent::cuda::emulation {

float float_of_half(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  const float sign = (bits & 0x8000) != 0 ? -1.0F : 1.0F;
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : std::nanf("");
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
}

uint16_t half_of_float(float value) {
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000 : 0);
  const float size = std::fabs(value);
  if (std::isnan(value)) return 0x7e00;
  // Halfway between the largest half and the next power rounds up, to infinity.
  if (size >= 65520.0F) return sign | 0x7c00;
  if (size == 0) return sign;
  int exponent = 0;
  std::frexp(size, &exponent);
  // Below 2^-14 the steps stay 2^-24.
  const int step = std::max(exponent - 11, -24);
  const auto steps = static_cast<uint32_t>(std::nearbyint(std::ldexp(size, -step)));
  // A fraction that rounds up to 2048 carries into the exponent, as the bits' order has it.
  const uint32_t biased = step == -24 ? 0 : static_cast<uint32_t>(step + 24);
  return static_cast<uint16_t>(sign | ((biased << 10) + steps));
}

uint16_t bfloat16_of_float(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value)) return 0x7fc0;
  return static_cast<uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

}  // namespace fastintent::cuda::emulation
