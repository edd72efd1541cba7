#include "base/checked_size.h"

#include <limits>

namespace fastintent {
namespace {

constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();

TEST(CheckedSize, WhatFits) {
  EXPECT_EQ(checked_product(3, 4), 12);
  EXPECT_EQ(checked_product(0, kLargest), 0);
  EXPECT_EQ(checked_product(kLargest, 1), kLargest);
  EXPECT_EQ(checked_sum(kLargest - 1, 1), kLargest);
}

TEST(CheckedSize, WhatDoesNot) {
  EXPECT_EQ(checked_product(int64_t{1} << 32, int64_t{1} << 31), std::nullopt);
  EXPECT_EQ(checked_product(kLargest, 2), std::nullopt);
  EXPECT_EQ(checked_product(-1, -1), std::nullopt);
  EXPECT_EQ(checked_sum(kLargest, 1), std::nullopt);
  EXPECT_EQ(checked_sum(-1, 2), std::nullopt);
}

}  // namespace
}  // namespace fastintent
