#include "cuda/batch_inputs.h"

#include <gtest/gtest.h>

#include <vector>

namespace fastintent::cuda {
namespace {

std::vector<int32_t> starts_of(const std::vector<int32_t>& lengths) {
  std::vector<int32_t> starts{0};
  for (const int32_t length : lengths) {
    starts.push_back(starts.back() + length);
  }
  return starts;
}

TEST(BatchInputsTest, BucketsHoldTheirBatches) {
  EXPECT_EQ(bucket_of(starts_of({1})), (BatchBucket{16, 16, 16}));
  EXPECT_EQ(bucket_of(starts_of({17, 3})), (BatchBucket{32, 16, 32}));
  EXPECT_EQ(bucket_of(starts_of({100, 512})), (BatchBucket{768, 16, 512}));
  EXPECT_EQ(bucket_of(starts_of(std::vector<int32_t>(49, 2))), (BatchBucket{128, 64, 16}));
}

TEST(BatchInputsTest, BucketsHaveRoomForTheTilesOfAnyBatch) {
  for (const int32_t length : {1, 2, 15, 16, 17, 31, 33, 300}) {
    for (int sequences = 1; sequences <= 40; ++sequences) {
      const std::vector<int32_t> starts =
          starts_of(std::vector<int32_t>(static_cast<size_t>(sequences), length));
      const size_t tiles = attention_tiles({starts, starts}, 16).size();
      EXPECT_LE(static_cast<int64_t>(tiles), bucket_of(starts).most_tiles())
          << sequences << " of " << length;
    }
  }
}

}  // namespace
}  // namespace fastintent::cuda
