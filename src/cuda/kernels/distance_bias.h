#pragma once

#include <cstdint>

#include "compute/operands.h"

namespace fastintent::cuda {

/// A DistanceBias as kernels read it; without rows there is none. The table's rows have no gaps.
struct DistanceBiasOnDevice {
  const float* table = nullptr;      // [rows,heads]
  const uint8_t* buckets = nullptr;  // [2 reach + 1]
  int32_t rows = 0;
  int32_t heads = 0;  ///< columns of the table
  int32_t reach = 0;
  int32_t filler = 0;  // the struct has no undefined padding
};

/// `buckets` is a copy on the device of those of the bias.
inline DistanceBiasOnDevice on_device(const DistanceBias& bias, const uint8_t* buckets) {
  if (bias.empty()) {
    return {};
  }
  return {bias.table.data,
          buckets,
          static_cast<int32_t>(bias.table.rows),
          static_cast<int32_t>(bias.table.columns),
          static_cast<int32_t>(bias.reach())};
}

}  // namespace fastintent::cuda
