#pragma once

#include <cstdint>

#include "cuda/device_code.h"
#include "cuda/kernels/distance_bias.h"
#include "cuda/kernels/row_products.cuh"

namespace fastintent::cuda {

/// The bucket of the distance from a query to a key. Lanes past a sequence's end may ask for
/// distances that no bias reaches; whatever they get is not used.
__device__ inline int bucket_at(const DistanceBiasOnDevice& bias, int distance) {
  const int reach = bias.reach;
  const int there = distance < -reach ? -reach : distance > reach ? reach : distance;
  return bias.buckets[there + reach];
}

/// The bias of a score before its scale, 1 / root_width.
__device__ inline float unscaled_bias(const DistanceBiasOnDevice& bias,
                                      int distance,
                                      int head,
                                      float root_width) {
  return bias.table[bucket_at(bias, distance) * bias.heads + head] * root_width;
}

/// Shared memory of a warp for the gradient of a bias: a sum for each bucket, and one for each
/// distance between its rows and the lanes' keys.
constexpr int kWarpDistances = kWarpRows + kWarp - 1;
__host__ __device__ inline int bias_floats(const DistanceBiasOnDevice& bias) {
  return bias.rows == 0 ? 0 : bias.rows + kWarpDistances;
}

/// Adds the gradients of scores [rows][kWarp], zeros past the keys, to the warp's sums of buckets.
/// `first` is the distance from the warp's first query to the first key. Every sum is computed by
/// one thread in a fixed order.
__device__ inline void add_bias_gradients(
    const DistanceBiasOnDevice& bias, const float* d_scores, int rows, int first, float* sums) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  float* by_distance = sums + bias.rows;
  for (int i = lane; i < kWarpDistances; i += kWarp) {
    float sum = 0;
    for (int r = 0; r < kWarpRows && r < rows; ++r) {
      const int key = i - (kWarpRows - 1) + r;
      if (key >= 0 && key < kWarp) {
        sum += d_scores[r * kWarp + key];
      }
    }
    by_distance[i] = sum;
  }
  warp_barrier();
  for (int bucket = lane; bucket < bias.rows; bucket += kWarp) {
    float sum = sums[bucket];
    for (int i = 0; i < kWarpDistances; ++i) {
      if (bucket_at(bias, first + i - (kWarpRows - 1)) == bucket) {
        sum += by_distance[i];
      }
    }
    sums[bucket] = sum;
  }
  warp_barrier();
}

}  // namespace fastintent::cuda
