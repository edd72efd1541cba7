#pragma once

// The host twin of src/cuda/device_code.h: the same names, implemented by block_executor.h.
// Emulated tests include it instead of that file.

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>
#include <type_traits>

#include "block_executor.h"
#include "cuda/launch.h"
#include "cuda/runtime.h"
#include "emulated_device.h"

// CUDA's own keywords.
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

#define threadIdx (fastintent::cuda::emulation::here().thread)
#define blockIdx (fastintent::cuda::emulation::here().block)
#define blockDim (fastintent::cuda::emulation::here().threads)
#define gridDim (fastintent::cuda::emulation::here().blocks)

namespace fastintent::cuda {

// --- numbers

struct Half {
  uint16_t bits;
};
struct Bfloat16 {
  uint16_t bits;
};

inline float to_float(float value) {
  return value;
}
inline float to_float(Half value) {
  return emulation::float_of_half(value.bits);
}
inline float to_float(Bfloat16 value) {
  return std::bit_cast<float>(static_cast<uint32_t>(value.bits) << 16);
}

template <class Value>
inline Value from_float(float value);
template <>
inline float from_float<float>(float value) {
  return value;
}
template <>
inline Half from_float<Half>(float value) {
  return {emulation::half_of_float(value)};
}
template <>
inline Bfloat16 from_float<Bfloat16>(float value) {
  return {emulation::bfloat16_of_float(value)};
}

// --- memory

inline void copy_16_bytes(const void* from, void* to) {
  const auto misplaced = (reinterpret_cast<uintptr_t>(from) | reinterpret_cast<uintptr_t>(to)) % 16;
  if (misplaced != 0) {
    emulation::fail("copy of 16 bytes: expected addresses on 16, found others");
  }
  std::memcpy(to, from, 16);
}
inline void load_16_bytes(const void* memory, void* variables) {
  copy_16_bytes(memory, variables);
}
inline void store_16_bytes(void* memory, const void* variables) {
  if (emulation::is_shared(memory)) {
    emulation::fail("store of 16 bytes: expected the device's memory, found shared memory");
  }
  copy_16_bytes(variables, memory);
}
inline void store_16_bytes_shared(void* memory, const void* variables) {
  if (!emulation::is_shared(memory)) {
    emulation::fail("store of 16 bytes: expected shared memory, found other memory");
  }
  copy_16_bytes(variables, memory);
}

// --- threads

template <class Value>
Value* shared_memory() {
  return reinterpret_cast<Value*>(emulation::shared_bytes());
}

inline void block_barrier() {
  emulation::wait_for_block();
}
inline void warp_barrier() {
  emulation::wait_for_warp();
}

template <class Value>
Value shuffle(Value value, int lane) {
  static_assert(sizeof(Value) <= sizeof(uint64_t));
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(Value));
  bits = emulation::exchange(bits, lane);
  std::memcpy(&value, &bits, sizeof(Value));
  return value;
}
template <class Value>
Value shuffle_xor(Value value, int mask) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  return shuffle(value, lane ^ mask);
}

// --- products of 16 x 16 tiles

constexpr int kTile = 16;
template <class Value>
constexpr bool kHasTiles = true;

/// Lane 0 holds the complete tile and does the work; the other lanes only take part in the calls.
struct EmulatedTile {
  float values[kTile][kTile] = {};
};
template <class Value>
struct TileA : EmulatedTile {};
template <class Value>
struct TileB : EmulatedTile {};
template <class Value>
struct TileBTransposed : EmulatedTile {};
struct TileSums : EmulatedTile {};

namespace emulation {

inline bool is_first_lane() {
  return threadIdx.x % kWarp == 0;
}

template <class Value>
void check_tile(const Value* data, int stride) {
  const bool aligned = reinterpret_cast<uintptr_t>(data) % 32 == 0 &&
                       static_cast<size_t>(stride) * sizeof(Value) % 16 == 0;
  if (!aligned) {
    fail("tile: expected data on 32 bytes with a stride of 16, found others");
  }
}

}  // namespace emulation

template <class Tile, class Value>
void load_tile(Tile& tile, const Value* data, int stride) {
  emulation::check_tile(data, stride);
  if (!emulation::is_first_lane()) {
    return;
  }
  for (int row = 0; row < kTile; ++row) {
    for (int column = 0; column < kTile; ++column) {
      const float value = to_float(data[row * stride + column]);
      if constexpr (std::is_same_v<Tile, TileBTransposed<Value>>) {
        tile.values[column][row] = value;
      } else {
        tile.values[row][column] = value;
      }
    }
  }
}
inline void clear_tile(TileSums& sums) {
  sums = {};
}
template <class A, class B>
void multiply_tiles(TileSums& sums, const A& a, const B& b) {
  if (!emulation::is_first_lane()) {
    return;
  }
  for (int row = 0; row < kTile; ++row) {
    for (int k = 0; k < kTile; ++k) {
      for (int column = 0; column < kTile; ++column) {
        sums.values[row][column] += a.values[row][k] * b.values[k][column];
      }
    }
  }
}
inline void store_tile(float* data, const TileSums& sums, int stride) {
  emulation::check_tile(data, stride);
  if (!emulation::is_first_lane()) {
    return;
  }
  for (int row = 0; row < kTile; ++row) {
    for (int column = 0; column < kTile; ++column) {
      data[row * stride + column] = sums.values[row][column];
    }
  }
}

// --- launches

template <class... Parameters, class... Arguments>
void launch(const Stream& stream,
            void (*kernel)(Parameters...),
            const Launch& shape,
            Arguments... arguments) {
  if (shape.blocks == 0) {
    return;
  }
  std::tuple<Parameters...> values(arguments...);
  const auto check = [](const auto& value) {
    if constexpr (std::is_pointer_v<std::decay_t<decltype(value)>>) {
      emulation::require_device_memory(value);
    } else if constexpr (requires { value.data; }) {
      emulation::require_device_memory(value.data);
    }
  };
  std::apply([&](const auto&... value) { (check(value), ...); }, values);
  const auto leaves_out = [&](const auto&... value) {
    return stream.leaves_out(reinterpret_cast<const void*>(kernel), shape, value...);
  };
  if (std::apply(leaves_out, values)) {
    return;
  }
  emulation::enqueue(stream, [kernel, shape, values] {
    emulation::run_kernel(shape, [&] { std::apply(kernel, values); });
  });
}

}  // namespace fastintent::cuda
