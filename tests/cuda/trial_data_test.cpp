#include "cuda/kernels/trial_data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace fastintent::cuda {
namespace {

constexpr int64_t kCount = 1000;

class TrialDataTest : public testing::Test {
 protected:
  static DeviceMemory filled(const Stream& stream, Factors factors, uint32_t seed) {
    DeviceMemory memory(stream.device(), kCount * static_cast<size_t>(bytes_of(factors)));
    fill_without_pattern(stream, memory.get(), kCount, factors, seed);
    return memory;
  }
};

TEST_F(TrialDataTest, ValuesLieBetweenMinusOneAndOne) {
  const Stream stream(0);
  const DeviceMemory memory = filled(stream, Factors::fp32, 1);
  std::vector<float> values(kCount);
  stream.download(memory.get(), values.data(), memory.size());
  stream.synchronize();
  const auto [smallest, largest] = std::minmax_element(values.begin(), values.end());
  EXPECT_GE(*smallest, -1);
  EXPECT_LT(*smallest, -0.9F);
  EXPECT_LE(*largest, 1);
  EXPECT_GT(*largest, 0.9F);
  EXPECT_EQ(std::set<float>(values.begin(), values.end()).size(), values.size());
}

TEST_F(TrialDataTest, OneSeedGivesOneFilling) {
  const Stream stream(0);
  for (const Factors factors : {Factors::fp32, Factors::tf32, Factors::fp16, Factors::bf16}) {
    const DeviceMemory once = filled(stream, factors, 1);
    const DeviceMemory again = filled(stream, factors, 1);
    const DeviceMemory other = filled(stream, factors, 2);
    EXPECT_TRUE(same_bits(stream, once.get(), again.get(), once.size()));
    EXPECT_FALSE(same_bits(stream, once.get(), other.get(), once.size()));
  }
}

TEST_F(TrialDataTest, OneBitAnywhereIsADifference) {
  const Stream stream(0);
  const DeviceMemory memory = filled(stream, Factors::fp16, 1);
  std::vector<uint16_t> values(kCount);
  stream.download(memory.get(), values.data(), memory.size());
  stream.synchronize();
  for (const size_t place : {size_t{0}, size_t{255}, size_t{256}, values.size() - 1}) {
    std::vector<uint16_t> changed = values;
    changed[place] ^= 1;
    const DeviceMemory other(0, memory.size());
    stream.upload(changed.data(), other.get(), other.size());
    EXPECT_FALSE(same_bits(stream, memory.get(), other.get(), memory.size())) << place;
  }
}

}  // namespace
}  // namespace fastintent::cuda
