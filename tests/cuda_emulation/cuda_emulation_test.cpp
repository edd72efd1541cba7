#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "cuda/device_code.h"
#include "cuda/kernels/convert.h"
#include "cuda/products.h"
#include "cuda/runtime.h"
#include "race_watch.h"

// Tests that the emulation itself detects the errors that it exists to detect.
namespace fastintent::cuda {
namespace {

constexpr int kThreads = 96;

// How a process ends in which the thread sanitizer reported a race.
const int kCodeOfRace = emulation::races_show() ? 66 : 0;
const char* const kWordOfRace = emulation::races_show() ? "data race" : "";

std::vector<float> download(const Stream& stream, const DeviceMemory& memory, size_t count) {
  std::vector<float> values(count);
  stream.download(memory.get(), values.data(), count * sizeof(float));
  stream.synchronize();
  return values;
}

__global__ void reverse_kernel(float* values) {
  auto* shared = shared_memory<float>();
  shared[threadIdx.x] = values[threadIdx.x];
  block_barrier();
  values[threadIdx.x] = shared[blockDim.x - 1 - threadIdx.x];
}

__global__ void reverse_without_barrier_kernel(float* values) {
  auto* shared = shared_memory<float>();
  shared[threadIdx.x] = values[threadIdx.x];
  values[threadIdx.x] = shared[blockDim.x - 1 - threadIdx.x];
}

// Correct in every order in which the threads run here, although a shuffle does not order memory.
__global__ void neighbours_without_barrier_kernel(float* values) {
  auto* shared = shared_memory<float>();
  shared[threadIdx.x] = shuffle_xor(values[threadIdx.x], 1);
  shuffle(0, 0);
  values[threadIdx.x] = shared[threadIdx.x ^ 1];
}

__global__ void neighbours_kernel(float* values) {
  auto* shared = shared_memory<float>();
  shared[threadIdx.x] = shuffle_xor(values[threadIdx.x], 1);
  warp_barrier();
  values[threadIdx.x] = shared[threadIdx.x ^ 1];
}

__global__ void store_16_bytes_kernel(float* values, bool to_shared) {
  const float zeros[4] = {};
  store_16_bytes(to_shared ? shared_memory<float>() : values, zeros);
}

__global__ void half_of_the_barrier_kernel(float*) {
  if (threadIdx.x < blockDim.x / 2) {
    block_barrier();
  }
}

__global__ void warp_sum_kernel(float* values) {
  float sum = values[threadIdx.x];
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    sum += shuffle_xor(sum, mask);
  }
  values[threadIdx.x] = sum;
}

__global__ void tile_kernel(const Half* a, const Half* b, float* out) {
  TileA<Half> left;
  TileBTransposed<Half> right;
  TileSums sums;
  clear_tile(sums);
  load_tile(left, a, kTile);
  load_tile(right, b, kTile);
  multiply_tiles(sums, left, right);
  store_tile(out, sums, kTile);
}

class CudaEmulationTest : public testing::Test {
 protected:
  CudaEmulationTest() {
    // The thread sanitizer does not follow a fork.
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    for (int i = 0; i < kThreads; ++i) {
      start_.push_back(static_cast<float>(i));
    }
    stream_.upload(start_.data(), memory_.get(), kThreads * sizeof(float));
  }

  std::vector<float> values() { return download(stream_, memory_, kThreads); }

  Stream stream_{0};
  DeviceMemory memory_{0, kThreads * sizeof(float)};
  std::vector<float> start_;
  Launch shape_{1, kThreads, kThreads * sizeof(float)};
};

TEST_F(CudaEmulationTest, BarriersHoldAllThreads) {
  launch(stream_, reverse_kernel, shape_, memory_.as<float>());
  const std::vector<float> found = values();
  for (int i = 0; i < kThreads; ++i) {
    EXPECT_EQ(found[i], kThreads - 1 - i);
  }
}

TEST_F(CudaEmulationTest, AMissingBarrierShows) {
  const auto run = [this] {
    launch(stream_, reverse_without_barrier_kernel, shape_, memory_.as<float>());
    // The last thread had not run yet.
    std::exit(std::isnan(values()[0]) ? 0 : 1);
  };
  EXPECT_EXIT(run(), testing::ExitedWithCode(kCodeOfRace), kWordOfRace);
}

TEST_F(CudaEmulationTest, ARaceThatNoOrderShowsIsSeenByTheThreadSanitizer) {
  const auto run = [this](const auto& kernel) {
    launch(stream_, kernel, shape_, memory_.as<float>());
    std::exit(values() == start_ ? 0 : 1);
  };
  EXPECT_EXIT(
      run(neighbours_without_barrier_kernel), testing::ExitedWithCode(kCodeOfRace), kWordOfRace);
  EXPECT_EXIT(run(neighbours_kernel), testing::ExitedWithCode(0), "");
}

TEST_F(CudaEmulationTest, SharedMemoryHasStoresOfItsOwn) {
  launch(stream_, store_16_bytes_kernel, shape_, memory_.as<float>(), true);
  EXPECT_THROW(stream_.synchronize(), std::logic_error);
  launch(stream_, store_16_bytes_kernel, Launch{1, 1, 0}, memory_.as<float>(), false);
  EXPECT_EQ(values()[0], 0);
}

TEST_F(CudaEmulationTest, MoreSharedMemoryThanEveryGpuHasIsAnError) {
  launch(stream_, reverse_kernel, Launch{1, kThreads, 65 * 1024}, memory_.as<float>());
  EXPECT_THROW(stream_.synchronize(), std::logic_error);
}

TEST_F(CudaEmulationTest, ABarrierThatSomeNeverReachIsAnError) {
  launch(stream_, half_of_the_barrier_kernel, shape_, memory_.as<float>());
  EXPECT_THROW(stream_.synchronize(), std::logic_error);
}

TEST_F(CudaEmulationTest, LanesExchangeValues) {
  launch(stream_, warp_sum_kernel, shape_, memory_.as<float>());
  const std::vector<float> found = values();
  EXPECT_EQ(found[5], 31 * 32 / 2);
  EXPECT_EQ(found[40], 31 * 32 / 2 + 32 * 32);
}

TEST_F(CudaEmulationTest, WorkWaitsForTheHost) {
  PinnedMemory pinned(kThreads * sizeof(float));
  auto* host = reinterpret_cast<float*>(pinned.get());
  host[0] = 1;
  stream_.upload(host, memory_.get(), kThreads * sizeof(float));
  host[0] = 2;  // too early: the copy has not run
  EXPECT_EQ(values()[0], 2);
}

TEST_F(CudaEmulationTest, HostMemoryIsNoArgument) {
  EXPECT_THROW(launch(stream_, reverse_kernel, shape_, start_.data()), std::logic_error);
}

TEST_F(CudaEmulationTest, GraphsRunAgain) {
  const Graph graph = stream_.capture(
      [&] { launch(stream_, warp_sum_kernel, Launch{1, kWarp, 0}, memory_.as<float>()); });
  EXPECT_EQ(values()[0], 0);
  stream_.run(graph);
  stream_.run(graph);
  EXPECT_EQ(values()[0], 31 * 32 / 2 * 32);
}

TEST(CudaEmulationNumbersTest, HalvesAreTheNearest) {
  for (uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = to_float(Half{half});
    EXPECT_EQ(from_float<Half>(value).bits, half);
    const float next = bits == 0x7bff ? 65536.0F : to_float(Half{static_cast<uint16_t>(bits + 1)});
    const float middle = (value + next) / 2;
    EXPECT_EQ(from_float<Half>(middle).bits, bits % 2 == 0 ? half : half + 1) << bits;
    EXPECT_EQ(from_float<Half>(std::nextafter(middle, 0.0F)).bits, half) << bits;
    EXPECT_EQ(from_float<Half>(-value).bits, half | 0x8000);
  }
}

TEST(CudaEmulationNumbersTest, TilesMultiply) {
  const Stream stream(0);
  std::vector<float> a(kTile * kTile);
  std::vector<float> b(kTile * kTile);
  for (int i = 0; i < kTile * kTile; ++i) {
    a[i] = static_cast<float>(i % 7 - 3);
    b[i] = static_cast<float>(i % 5 - 2);
  }
  const DeviceMemory as_f32(0, a.size() * sizeof(float));
  const DeviceMemory a_there(0, a.size() * sizeof(Half));
  const DeviceMemory b_there(0, b.size() * sizeof(Half));
  const DeviceMemory out(0, a.size() * sizeof(float));
  const ConstTensor rows(as_f32.as<float>(), kTile, kTile);
  stream.upload(a.data(), as_f32.get(), a.size() * sizeof(float));
  convert_rows(stream, rows, Factors::fp16, a_there.get());
  stream.upload(b.data(), as_f32.get(), b.size() * sizeof(float));
  convert_rows(stream, rows, Factors::fp16, b_there.get());
  launch(stream,
         tile_kernel,
         Launch{1, kWarp, 0},
         a_there.as<Half>(),
         b_there.as<Half>(),
         out.as<float>());
  const std::vector<float> found = download(stream, out, a.size());
  for (int row = 0; row < kTile; ++row) {
    for (int column = 0; column < kTile; ++column) {
      float expected = 0;
      for (int k = 0; k < kTile; ++k) {
        expected += a[row * kTile + k] * b[column * kTile + k];
      }
      EXPECT_EQ(found[row * kTile + column], expected);
    }
  }
}

}  // namespace
}  // namespace fastintent::cuda
