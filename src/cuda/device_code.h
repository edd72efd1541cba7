#pragma once

// The language of this folder's kernels: CUDA, with names of our own for those of its operations
// that need a host twin. tests/cuda_emulation/cuda/device_code.h is that twin: the emulated tests
// include it instead of this file, so a kernel's source is the same on a GPU and there. No kernel
// uses another operation between threads, and none contains inline PTX.

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <mma.h>

#include <tuple>
#include <utility>

#include "cuda/launch.h"
#include "cuda/runtime.h"

namespace fastintent::cuda {

// --- numbers

using Half = __half;
using Bfloat16 = __nv_bfloat16;

__device__ inline float to_float(float value) {
  return value;
}
__device__ inline float to_float(Half value) {
  return __half2float(value);
}
__device__ inline float to_float(Bfloat16 value) {
  return __bfloat162float(value);
}

/// The nearest `Value`; ties to even.
template <class Value>
__device__ inline Value from_float(float value);
template <>
__device__ inline float from_float<float>(float value) {
  return value;
}
template <>
__device__ inline Half from_float<Half>(float value) {
  return __float2half_rn(value);
}
template <>
__device__ inline Bfloat16 from_float<Bfloat16>(float value) {
  return __float2bfloat16_rn(value);
}

// --- memory

// Accesses of 16 bytes, the widest there are, to or from variables of the calling thread. All
// addresses are multiples of 16.

/// From the device's memory or the block's shared memory.
__device__ inline void load_16_bytes(const void* memory, void* variables) {
  *static_cast<uint4*>(variables) = *static_cast<const uint4*>(memory);
}
/// To the device's memory; an address of shared memory is an error.
__device__ inline void store_16_bytes(void* memory, const void* variables) {
  // A plain assignment may become four accesses; this one is an instruction for global memory.
  __stwb(static_cast<uint4*>(memory), *static_cast<const uint4*>(variables));
}
/// To the block's shared memory.
__device__ inline void store_16_bytes_shared(void* memory, const void* variables) {
  *static_cast<uint4*>(memory) = *static_cast<const uint4*>(variables);
}

// --- threads

/// The block's shared memory, aligned to 128 bytes; contents undefined at first.
template <class Value>
__device__ inline Value* shared_memory() {
  extern __shared__ __align__(128) unsigned char fastintent_shared_bytes[];
  return reinterpret_cast<Value*>(fastintent_shared_bytes);
}

/// A barrier: all threads of the block see what any of them wrote before it.
__device__ inline void block_barrier() {
  __syncthreads();
}
/// The same for the threads of a warp.
__device__ inline void warp_barrier() {
  __syncwarp();
}

/// Returns the value of the lane whose number differs from this lane's by the bits of `mask`. All
/// 32 lanes of the warp call it together.
template <class Value>
__device__ inline Value shuffle_xor(Value value, int mask) {
  return __shfl_xor_sync(0xffffffffU, value, mask);
}
/// Returns the value of lane `lane`. All 32 lanes of the warp call it together.
template <class Value>
__device__ inline Value shuffle(Value value, int lane) {
  return __shfl_sync(0xffffffffU, value, lane);
}

// --- products of 16 x 16 tiles on the tensor cores; all 32 lanes of a warp call each together

/// Rows of a tile, columns of a tile, and the length of the sums of one product.
constexpr int kTile = 16;

/// Whether the GPU that is compiled for has tiles of `Value`; a kernel without them is never
/// launched.
template <class Value>
constexpr bool kHasTiles = true;
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
template <>
constexpr bool kHasTiles<Bfloat16> = false;
#endif

template <class Value>
using TileA =
    nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, 16, 16, 16, Value, nvcuda::wmma::row_major>;
/// B as stored: row k, column n at k * stride + n.
template <class Value>
using TileB =
    nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, 16, 16, 16, Value, nvcuda::wmma::row_major>;
/// B from its transpose: row k, column n at n * stride + k.
template <class Value>
using TileBTransposed =
    nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, 16, 16, 16, Value, nvcuda::wmma::col_major>;
/// Sums in f32.
using TileSums = nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, 16, float>;

/// `data` on 32 bytes, `stride` (in values) a multiple of 16 bytes.
template <class Tile, class Value>
__device__ inline void load_tile(Tile& tile, const Value* data, int stride) {
  nvcuda::wmma::load_matrix_sync(tile, data, static_cast<unsigned>(stride));
}
__device__ inline void clear_tile(TileSums& sums) {
  nvcuda::wmma::fill_fragment(sums, 0.0F);
}
/// sums += a · b
template <class A, class B>
__device__ inline void multiply_tiles(TileSums& sums, const A& a, const B& b) {
  nvcuda::wmma::mma_sync(sums, a, b, sums);
}
/// Row-major; alignment as in load_tile.
__device__ inline void store_tile(float* data, const TileSums& sums, int stride) {
  nvcuda::wmma::store_matrix_sync(
      data, sums, static_cast<unsigned>(stride), nvcuda::wmma::mem_row_major);
}

// --- launches

void launch_kernel(const Stream& stream, const void* kernel, const Launch& shape, void** arguments);

/// Runs `kernel` on the stream's device after all earlier work of the stream. Does nothing when
/// there are no blocks.
template <class... Parameters, class... Arguments>
void launch(const Stream& stream,
            void (*kernel)(Parameters...),
            const Launch& shape,
            Arguments... arguments) {
  std::tuple<Parameters...> values(arguments...);
  std::apply(
      [&](Parameters&... value) {
        const auto* address = reinterpret_cast<const void*>(kernel);
        if (stream.leaves_out(address, shape, value...)) {
          return;
        }
        void* pointers[] = {&value...};
        launch_kernel(stream, address, shape, pointers);
      },
      values);
}

}  // namespace fastintent::cuda
