#pragma once

#include <cmath>

#include "cuda/kernels/attention_shape.cuh"
#include "cuda/kernels/attention_tiles.h"
#include "cuda/kernels/distance_bias.cuh"
#include "cuda/kernels/dropout_mask.cuh"
#include "cuda/kernels/row_products.cuh"
#include "cuda/kernels/warp_sums.cuh"

// Attention of one tile of queries and one head, in plain f32, for any head width, number of keys
// and storage type. Keys are processed 32 at a time. The largest score and the sum of exp are
// carried along, and the previous sums are rescaled when a larger score occurs (Milakov &
// Gimelshein 2018); this is exactly softmax with the largest score subtracted.
namespace fastintent::cuda {

/// Below every score, and finite: the difference of two is no NaN when a window leaves a query none
/// of the first keys.
constexpr float kLowestScore = -3.0e38F;

/// Shared memory of attend.
template <int kWarps, int kColumns>
constexpr int64_t kAttendBytes =
    ((kWarps * kWarpRows + 2 * kWarp) * kChunkStride<kColumns> + kWarps * kWarpRows * kWarp) *
    static_cast<int64_t>(sizeof(float));

/// Called by all threads of a block of kWarps warps. The tile has at most kWarps * kWarpRows
/// queries. Every chunk of columns needs all scores, so heads wider than a chunk compute them again
/// for each chunk.
template <int kWarps, int kColumns, class Value>
__device__ void attend(const HeadRows<Value>& q,
                       const HeadRows<Value>& k,
                       const HeadRows<Value>& v,
                       const AttentionTile& tile,
                       const HeadChunk& at,
                       const DropoutMask& dropout,
                       const DistanceBiasOnDevice& bias,
                       Value* out,
                       int64_t out_stride) {
  constexpr int kThreads = kWarps * kWarp;
  constexpr int kChunk = kChunkColumns<kColumns>;
  constexpr int kStride = kChunkStride<kColumns>;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  auto* queries = shared_memory<float>();
  float* keys = queries + kWarps * kWarpRows * kStride;
  float* values = keys + kWarp * kStride;
  float* weights = values + kWarp * kStride + warp * kWarpRows * kWarp;  // the warp's own
  const int first_column = at.head * at.width;
  const int my_column = at.chunk * kChunk;
  const float root_width = sqrtf(static_cast<float>(at.width));
  const float scale = 1.0F / root_width;

  float largest[kWarpRows];
  float sums[kWarpRows] = {};  // each lane's part
  float results[kWarpRows][kColumns] = {};
  for (int r = 0; r < kWarpRows; ++r) {
    largest[r] = kLowestScore;
  }

  for (int first = 0; first < tile.keys; first += kWarp) {
    const int count = tile.keys - first < kWarp ? tile.keys - first : kWarp;
    float scores[kWarpRows] = {};
    for (int chunk = 0; chunk < at.chunks; ++chunk) {
      const int column = chunk * kChunk;
      const int columns = at.width - column < kChunk ? at.width - column : kChunk;
      block_barrier();  // no thread still reads what is overwritten next
      if (first == 0 || at.chunks > 1) {
        load_chunk<kThreads, kColumns>(
            queries, q.at(tile.first_query, first_column + column), tile.queries, columns);
      }
      load_chunk<kThreads, kColumns>(
          keys, k.at(tile.first_key + first, first_column + column), count, columns);
      if (chunk == at.chunk) {
        load_chunk<kThreads, kColumns>(
            values, v.at(tile.first_key + first, first_column + column), count, columns);
      }
      block_barrier();
      add_row_products<kColumns>(
          scores, queries + warp * kWarpRows * kStride, keys + lane * kStride, columns);
    }

    if (bias.rows > 0) {
      const int distance = first + lane - (tile.first_position + warp * kWarpRows);
      for (int r = 0; r < kWarpRows; ++r) {
        scores[r] += unscaled_bias(bias, distance - r, at.head, root_width);
      }
    }
    for (int r = 0; r < kWarpRows; ++r) {
      // Lanes without a key, or with one outside the window, have weight zero.
      const int place = tile.first_position + warp * kWarpRows + r;
      const bool seen = lane < count && tile.sees(place, first + lane);
      const float score = seen ? scores[r] : kLowestScore;
      const float now_largest = fmaxf(largest[r], warp_max(score));
      const float rescale = expf((largest[r] - now_largest) * scale);
      const float weight = seen ? expf((score - now_largest) * scale) : 0.0F;
      largest[r] = now_largest;
      sums[r] = fmaf(sums[r], rescale, weight);
      for (int i = 0; i < kColumns; ++i) {
        results[r][i] *= rescale;
      }
      const int64_t query = tile.first_query + warp * kWarpRows + r;
      weights[r * kWarp + lane] =
          dropout(weight, attention_dropout_index(query, at.heads, at.head, first + lane));
    }
    warp_barrier();
    add_weighted_rows<kColumns>(results, weights, values, count);
    warp_barrier();
  }

  for (int r = 0; r < kWarpRows; ++r) {
    const float sum = warp_sum(sums[r]);
    const int row = warp * kWarpRows + r;
    for (int i = 0; i < kColumns; ++i) {
      const int column = my_column + lane + i * kWarp;
      if (row < tile.queries && column < at.width) {
        out[(tile.first_query + row) * out_stride + first_column + column] =
            from_float<Value>(results[r][i] / sum);
      }
    }
  }
}

}  // namespace fastintent::cuda
