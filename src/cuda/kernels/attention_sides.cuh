#pragma once

#include "cuda/kernels/attention_shape.cuh"
#include "cuda/kernels/row_products.cuh"

// Attention's backward from the side of queries and from that of keys. Both compute the same two
// products, of q with k and of d_out with v: the rows of one side belong to warps, those of the
// other to lanes.
namespace fastintent::cuda {

/// Rows of one side: q and d_out, or k and v.
struct Side {
  HeadRows<float> factor;  // of scores
  HeadRows<float> other;   // of the gradients of probabilities
};

/// The chunks of a block in shared memory.
template <int kWarps, int kColumns>
struct Chunks {
  float* row_factors = shared_memory<float>();
  float* row_others = row_factors + kWarps * kWarpRows * kChunkStride<kColumns>;
  float* lane_factors = row_others + kWarps * kWarpRows * kChunkStride<kColumns>;
  float* lane_others = lane_factors + kWarp * kChunkStride<kColumns>;
  float* rest = lane_others + kWarp * kChunkStride<kColumns>;
};

/// `weights` arrays of [rows of the block][kWarp] follow the chunks.
template <int kWarps, int kColumns>
constexpr int64_t sides_bytes(int weights) {
  return (2 * (kWarps * kWarpRows + kWarp) * kChunkStride<kColumns> +
          weights * kWarps * kWarpRows * kWarp) *
         static_cast<int64_t>(sizeof(float));
}

/// Computes scores (before their scale) and d_out · v of the warp's rows with the lane's row.
/// `rows` and `lanes` begin at the first row of each and at column 0. The chunk that the block
/// computes is loaded last, so that it is still in shared memory afterwards. Called by all threads
/// of the block.
template <int kWarps, int kColumns>
__device__ void multiply_sides(const Chunks<kWarps, kColumns>& shared,
                               const Side& rows,
                               int row_count,
                               bool rows_are_there,
                               const Side& lanes,
                               int lane_count,
                               const HeadChunk& at,
                               float (&scores)[kWarpRows],
                               float (&d_weights)[kWarpRows]) {
  constexpr int kThreads = kWarps * kWarp;
  constexpr int kChunk = kChunkColumns<kColumns>;
  const int my_row = static_cast<int>(threadIdx.x) / kWarp * kWarpRows * kChunkStride<kColumns>;
  const int lane_row = static_cast<int>(threadIdx.x) % kWarp * kChunkStride<kColumns>;
  for (int r = 0; r < kWarpRows; ++r) {
    scores[r] = d_weights[r] = 0;
  }
  for (int step = 1; step <= at.chunks; ++step) {
    const int first = (at.chunk + step) % at.chunks * kChunk;
    const int columns = at.width - first < kChunk ? at.width - first : kChunk;
    const int column = at.head * at.width + first;
    block_barrier();  // no thread still reads what is overwritten next
    if (!rows_are_there || at.chunks > 1) {
      load_chunk<kThreads, kColumns>(
          shared.row_factors, rows.factor.at(0, column), row_count, columns);
      load_chunk<kThreads, kColumns>(
          shared.row_others, rows.other.at(0, column), row_count, columns);
    }
    load_chunk<kThreads, kColumns>(
        shared.lane_factors, lanes.factor.at(0, column), lane_count, columns);
    load_chunk<kThreads, kColumns>(
        shared.lane_others, lanes.other.at(0, column), lane_count, columns);
    block_barrier();
    add_row_products<kColumns>(
        scores, shared.row_factors + my_row, shared.lane_factors + lane_row, columns);
    add_row_products<kColumns>(
        d_weights, shared.row_others + my_row, shared.lane_others + lane_row, columns);
  }
}

/// Stores the warp's rows of a result.
template <int kColumns>
__device__ void store_rows(const float (&sums)[kWarpRows][kColumns],
                           int count,
                           const HeadChunk& at,
                           int64_t first_row,
                           const Tensor& out) {
  const int first = static_cast<int>(threadIdx.x) / kWarp * kWarpRows;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  for (int r = 0; r < kWarpRows; ++r) {
    for (int i = 0; i < kColumns; ++i) {
      const int column = at.chunk * kChunkColumns<kColumns> + lane + i * kWarp;
      if (first + r < count && column < at.width) {
        out.row(first_row + first + r)[at.head * at.width + column] = sums[r][i];
      }
    }
  }
}

}  // namespace fastintent::cuda
