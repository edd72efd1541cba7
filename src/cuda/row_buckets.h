#pragma once

#include <cstdint>

#include "cuda/launch.h"

namespace fastintent::cuda {

constexpr int64_t kSmallestRowBucket = 16;
constexpr int64_t kLargestRowBucket = 16384;

/// `rows` rounded up to 16, 32, 48, 64, 96, 128, 192, 256 ...: powers of two and one and a half
/// times them, so that few sizes cover all and no bucket is more than half as large again as the
/// rows (from 33 on). Past kLargestRowBucket: rounded up to its next multiple.
constexpr int64_t row_bucket(int64_t rows) {
  if (rows > kLargestRowBucket) {
    return divide_up(rows, kLargestRowBucket) * kLargestRowBucket;
  }
  int64_t power = kSmallestRowBucket;
  while (power < rows) {
    power *= 2;
  }
  const int64_t between = power / 4 * 3;
  // 24 is left out: rows are processed in tiles of 16.
  const bool is_bucket = between % kSmallestRowBucket == 0 && between > kSmallestRowBucket;
  return is_bucket && rows <= between ? between : power;
}

}  // namespace fastintent::cuda
