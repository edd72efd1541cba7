#include "batch/packed_batch.h"

#include <gtest/gtest.h>

namespace fastintent {
namespace {

using Ids = std::vector<int32_t>;

TEST(PackedBatch, StartsEmpty) {
  const PackedBatch batch;
  EXPECT_EQ(batch.tokens(), 0);
  EXPECT_EQ(batch.sequences(), 0);
  EXPECT_EQ(batch.starts, Ids({0}));
}

TEST(PackedBatch, LaysSequencesOneAfterTheOther) {
  PackedBatch batch;
  batch.append(Ids{2, 7, 3});
  batch.append(Ids{2, 3});
  batch.append(Ids{2, 9, 9, 3});
  EXPECT_EQ(batch.ids, Ids({2, 7, 3, 2, 3, 2, 9, 9, 3}));
  EXPECT_EQ(batch.positions, Ids({0, 1, 2, 0, 1, 0, 1, 2, 3}));
  EXPECT_EQ(batch.starts, Ids({0, 3, 5, 9}));
  EXPECT_EQ(batch.tokens(), 9);
  EXPECT_EQ(batch.sequences(), 3);
}

// RoBERTa's padding token has a position of its own, in a text, too.
TEST(PackedBatch, DoesNotCountThePaddingTokenWhereItHasAPosition) {
  PackedBatch batch(1);
  batch.append(Ids{0, 7, 1, 1, 7, 2});
  batch.append(Ids{1, 0});
  EXPECT_EQ(batch.positions, Ids({1, 2, 0, 0, 3, 4, 0, 1}));
}

TEST(PackedBatch, CountsASequenceWithoutTokens) {
  PackedBatch batch;
  batch.append({});
  batch.append(Ids{5});
  EXPECT_EQ(batch.starts, Ids({0, 0, 1}));
  EXPECT_EQ(batch.sequences(), 2);
}

TEST(PackedBatch, ClearForgetsEverything) {
  PackedBatch batch;
  batch.append(Ids{2, 7, 3});
  batch.clear();
  EXPECT_EQ(batch.tokens(), 0);
  EXPECT_EQ(batch.sequences(), 0);
  batch.append(Ids{4});
  EXPECT_EQ(batch.positions, Ids({0}));
  EXPECT_EQ(batch.starts, Ids({0, 1}));
}

}  // namespace
}  // namespace fastintent
