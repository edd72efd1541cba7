#pragma once

#include <type_traits>

#include "cuda/kernels/row_products.cuh"

namespace fastintent::cuda {

/// The work of a block: a head, and the chunk of the head's columns that the block computes.
struct HeadChunk {
  int heads;
  int width;   ///< per head
  int chunks;  ///< per head
  int head = 0;
  int chunk = 0;

  /// The index-th chunk, counted over all heads of all tiles; heads of one tile are neighbours,
  /// which read the same rows.
  __device__ HeadChunk at(int64_t index) const {
    return {heads,
            width,
            chunks,
            static_cast<int>(index / chunks % heads),
            static_cast<int>(index % chunks)};
  }
  __device__ int64_t tile(int64_t index) const { return index / chunks / heads; }
};

/// For kernels with kColumns columns per lane.
template <int kColumns>
HeadChunk head_chunks(int64_t heads, int64_t head_width) {
  return {static_cast<int>(heads),
          static_cast<int>(head_width),
          static_cast<int>(divide_up(head_width, kChunkColumns<kColumns>))};
}

/// The number of blocks for all tiles, heads and chunks.
inline int64_t blocks_for(int64_t tiles, const HeadChunk& shape) {
  return tiles * shape.heads * shape.chunks;
}

/// How many warps process the `rows` of `sequences` sequences together: as many as the rows of an
/// average sequence need, so that short texts leave no warp idle and the tiles of long ones share
/// their loads. A multiprocessor holds 32 blocks, so blocks of one warp fill it too.
inline int attention_warps(int64_t rows, int64_t sequences) {
  const int64_t usual = divide_up(rows, sequences);
  if (usual <= kWarpRows) {
    return 1;
  }
  if (usual <= 2 * kWarpRows) {
    return 2;
  }
  return 4;
}

/// Calls run(warps, columns) with both as constants; columns is the number of a chunk's columns per
/// lane, 1 for heads of at most 32.
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
