#pragma once

#include "cuda/device_code.h"

// Every lane gets the same bits: each step adds the same two numbers on both sides.
namespace fastintent::cuda {

template <class Value>
__device__ inline Value warp_sum(Value value) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    value += shuffle_xor(value, mask);
  }
  return value;
}

__device__ inline float warp_max(float value) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    value = fmaxf(value, shuffle_xor(value, mask));
  }
  return value;
}

/// Returns the sum over the block to each of its threads, which all call it. `shared` has room for
/// one value per warp and is free afterwards.
template <class Value>
__device__ inline Value block_sum(Value value, Value* shared) {
  value = warp_sum(value);
  if (threadIdx.x % kWarp == 0) {
    shared[threadIdx.x / kWarp] = value;
  }
  block_barrier();
  Value sum = 0;
  for (unsigned warp = 0; warp < blockDim.x / kWarp; ++warp) {
    sum += shared[warp];
  }
  block_barrier();
  return sum;
}

}  // namespace fastintent::cuda
