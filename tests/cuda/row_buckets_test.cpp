#include "cuda/row_buckets.h"

#include <gtest/gtest.h>

#include <vector>

namespace fastintent::cuda {
namespace {

TEST(RowBucketsTest, ArePowersOfTwoAndOneAndAHalfTimesThem) {
  std::vector<int64_t> buckets;
  for (int64_t rows = 1; rows <= 512; ++rows) {
    const int64_t bucket = row_bucket(rows);
    if (buckets.empty() || buckets.back() != bucket) {
      buckets.push_back(bucket);
    }
  }
  EXPECT_EQ(buckets, (std::vector<int64_t>{16, 32, 48, 64, 96, 128, 192, 256, 384, 512}));
}

TEST(RowBucketsTest, HoldTheirRowsAndAreTheirOwn) {
  for (int64_t rows = 1; rows <= 2 * kLargestRowBucket; ++rows) {
    const int64_t bucket = row_bucket(rows);
    EXPECT_GE(bucket, rows);
    EXPECT_EQ(row_bucket(bucket), bucket);
    if (rows > 32 && rows <= kLargestRowBucket) {
      EXPECT_LE(2 * bucket, 3 * rows) << rows;
    }
  }
}

TEST(RowBucketsTest, PastTheLargestAreItsMultiples) {
  EXPECT_EQ(row_bucket(kLargestRowBucket), kLargestRowBucket);
  EXPECT_EQ(row_bucket(kLargestRowBucket + 1), 2 * kLargestRowBucket);
}

}  // namespace
}  // namespace fastintent::cuda
