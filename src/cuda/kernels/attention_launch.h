#pragma once

#include <type_traits>

#include "cuda/kernels/row_products.cuh"

namespace fastintent::cuda {

/// How many warps take the `rows` of `sequences` sequences together: as many as the rows of a usual
/// one need, so that short texts leave no warp idle and the tiles of long ones share what they
/// load. A multiprocessor holds 32 blocks, so that blocks of one warp fill it too.
inline int attention_warps(int64_t rows, int64_t sequences) {
  const int64_t usual = divide_up(rows, sequences);
  if (usual <= kWarpRows) return 1;
  if (usual <= 2 * kWarpRows) return 2;
  return 4;
}

/// Calls run(warps, columns) with both as constants: columns of a chunk a lane, 1 for heads of at
/// most 32.
template <class Run>
void with_attention_shape(int warps, int64_t head_width, const Run& run) {
  const auto with_columns = [&](auto constant) {
    if (head_width <= kWarp) {
      run(constant, std::integral_constant<int, 1>());
    } else {
      run(constant, std::integral_constant<int, 2>());
    }
  };
  if (warps == 1) {
    with_columns(std::integral_constant<int, 1>());
  } else if (warps == 2) {
    with_columns(std::integral_constant<int, 2>());
  } else {
    with_columns(std::integral_constant<int, 4>());
  }
}

}  // namespace fastintent::cuda
