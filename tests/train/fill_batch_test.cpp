#include "train/fill_batch.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace fastintent {
namespace {

constexpr int64_t kStep = 64;

PackedBatch batch_of(int64_t tokens) {
  PackedBatch batch;
  std::vector<int32_t> ids(static_cast<size_t>(tokens), 7);
  ids.front() = 3;
  batch.append(ids);
  return batch;
}

// Of every number of tokens, with texts of up to 2 tokens and more.
TEST(FillBatch, ReachesTheStepWithTheSameNumberOfSequences) {
  for (const int64_t longest : {2, 3, 10, 64, 512}) {
    const int64_t sequences = [&] {
      PackedBatch batch = batch_of(1);
      fill_batch(batch, kStep, longest);
      return batch.sequences();
    }();
    for (int64_t tokens = 1; tokens <= 2 * kStep; ++tokens) {
      PackedBatch batch = batch_of(tokens);
      fill_batch(batch, kStep, longest);
      ASSERT_EQ(batch.tokens() % kStep, 0) << tokens;
      ASSERT_LT(batch.tokens(), tokens + sequences - 1 + kStep) << tokens;
      ASSERT_EQ(batch.sequences(), sequences) << tokens;
      for (size_t s = 1; s + 1 < batch.starts.size(); ++s) {
        const int32_t length = batch.starts[s + 1] - batch.starts[s];
        ASSERT_GE(length, 1);
        ASSERT_LE(length, longest) << tokens << " tokens";
      }
    }
  }
}

TEST(FillBatch, LeavesTheTextsAndRepeatsTheFirstWord) {
  PackedBatch batch = batch_of(5);
  const PackedBatch before = batch;
  fill_batch(batch, kStep, 512);
  EXPECT_TRUE(std::equal(before.ids.begin(), before.ids.end(), batch.ids.begin()));
  EXPECT_TRUE(std::equal(before.starts.begin(), before.starts.end(), batch.starts.begin()));
  EXPECT_TRUE(
      std::all_of(batch.ids.begin() + 5, batch.ids.end(), [](int32_t id) { return id == 3; }));
  EXPECT_EQ(batch.positions[5], 0);
  EXPECT_EQ(batch.positions[6], 1);
}

}  // namespace
}  // namespace fastintent
