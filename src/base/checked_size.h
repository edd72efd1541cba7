#pragma once

#include <cstdint>
#include <optional>

namespace fastintent {

/// The product of two sizes, which come from a file or a caller; nothing when either is negative or
/// 63 bits do not hold it.
constexpr std::optional<int64_t> checked_product(int64_t a, int64_t b) {
  int64_t product = 0;
  if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &product)) {
    return std::nullopt;
  }
  return product;
}

/// The sum of two sizes, likewise.
constexpr std::optional<int64_t> checked_sum(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (a < 0 || b < 0 || __builtin_add_overflow(a, b, &sum)) {
    return std::nullopt;
  }
  return sum;
}

}  // namespace fastintent
