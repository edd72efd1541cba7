#include <algorithm>
#include <vector>

#include "cuda/device_code.h"
#include "cuda/kernels/trial_data.h"

// Bound by memory, and run once for a product and a bucket of rows: one thread per value is enough.
namespace fastintent::cuda {
namespace {

constexpr int kThreads = 256;
// Few enough to check on the host.
constexpr int64_t kMostBlocks = 1024;

// The finalizer of MurmurHash3, which mixes every bit of an index into every bit.
__device__ inline uint32_t scramble(uint32_t bits) {
  bits = (bits ^ (bits >> 16)) * 0x85ebca6bU;
  bits = (bits ^ (bits >> 13)) * 0xc2b2ae35U;
  return bits ^ (bits >> 16);
}

template <class Value>
__global__ void fill_kernel(Value* data, int64_t count, uint32_t seed) {
  const int64_t index = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (index >= count) {
    return;
  }
  // 24 bits, the precision of an f32, from 0 to 2.
  const uint32_t bits = scramble(static_cast<uint32_t>(index) ^ seed) >> 8;
  data[index] = from_float<Value>(static_cast<float>(bits) * 0x1p-23F - 1.0F);
}

// differs[b]: whether block b found a difference. The threads of the grid check the values in turn.
__global__ void compare_kernel(const uint16_t* a,
                               const uint16_t* b,
                               int64_t count,
                               int32_t* differs) {
  auto* found = shared_memory<int32_t>();
  int32_t mine = 0;
  const int64_t step = int64_t{gridDim.x} * kThreads;
  for (int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x; i < count; i += step) {
    mine |= a[i] != b[i] ? 1 : 0;
  }
  found[threadIdx.x] = mine;
  block_barrier();
  if (threadIdx.x != 0) {
    return;
  }
  int32_t any = 0;
  for (int thread = 0; thread < kThreads; ++thread) {
    any |= found[thread];
  }
  differs[blockIdx.x] = any;
}

template <class Value>
void fill(const Stream& stream, void* data, int64_t count, uint32_t seed) {
  launch(stream,
         fill_kernel<Value>,
         Launch{divide_up(count, kThreads), kThreads},
         static_cast<Value*>(data),
         count,
         seed);
}

}  // namespace

void fill_without_pattern(
    const Stream& stream, void* data, int64_t count, Factors factors, uint32_t seed) {
  switch (factors) {
    case Factors::fp32:
    case Factors::tf32:
      return fill<float>(stream, data, count, seed);
    case Factors::fp16:
      return fill<Half>(stream, data, count, seed);
    case Factors::bf16:
      return fill<Bfloat16>(stream, data, count, seed);
  }
}

bool same_bits(const Stream& stream, const void* a, const void* b, size_t bytes) {
  const auto count = static_cast<int64_t>(bytes / sizeof(uint16_t));
  const int64_t blocks = std::min(kMostBlocks, divide_up(count, kThreads));
  std::vector<int32_t> differs(static_cast<size_t>(blocks));
  const DeviceMemory on_device(stream.device(), differs.size() * sizeof(int32_t));
  launch(stream,
         compare_kernel,
         Launch{blocks, kThreads, kThreads * sizeof(int32_t)},
         static_cast<const uint16_t*>(a),
         static_cast<const uint16_t*>(b),
         count,
         on_device.as<int32_t>());
  stream.download(on_device.get(), differs.data(), differs.size() * sizeof(int32_t));
  stream.synchronize();
  return std::all_of(differs.begin(), differs.end(), [](int32_t differ) { return differ == 0; });
}

}  // namespace fastintent::cuda
