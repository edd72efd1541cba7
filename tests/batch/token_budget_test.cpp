#include "batch/token_budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace fastintent {
namespace {

using Lengths = std::vector<int32_t>;

int64_t tokens_of(const Lengths& lengths, const SequenceRange& range) {
  return std::accumulate(lengths.begin() + range.begin, lengths.begin() + range.end, int64_t{0});
}

// The ranges, after checks that apply to any lengths.
std::vector<SequenceRange> checked_split(const Lengths& lengths, int64_t budget, int64_t workers) {
  const std::vector<SequenceRange> ranges = split_by_tokens(lengths, budget, workers);
  int64_t next = 0;
  for (const SequenceRange& range : ranges) {
    EXPECT_EQ(range.begin, next) << "a gap or a step back";
    EXPECT_LT(range.begin, range.end) << "an empty range";
    if (range.end - range.begin > 1) {
      EXPECT_LE(tokens_of(lengths, range), budget) << "over the budget";
    }
    next = range.end;
  }
  EXPECT_EQ(next, static_cast<int64_t>(lengths.size())) << "sequences left out";
  return ranges;
}

TEST(SplitByTokens, GivesNoRangeForNoSequences) {
  EXPECT_TRUE(split_by_tokens(Lengths{}, 256, 2).empty());
}

TEST(SplitByTokens, GivesEachWorkerAShareOfASmallBatch) {
  const auto ranges = checked_split(Lengths(8, 10), 256, 4);
  ASSERT_EQ(ranges.size(), 4U);
  for (const SequenceRange& range : ranges) {
    EXPECT_EQ(range.end - range.begin, 2);
  }
}

TEST(SplitByTokens, LeavesWorkersIdleRatherThanMakeEmptyRanges) {
  EXPECT_EQ(checked_split({5, 5}, 256, 4).size(), 2U);
  EXPECT_EQ(checked_split({5}, 256, 4).size(), 1U);
}

TEST(SplitByTokens, CutsALargeBatchIntoAMultipleOfTheWorkers) {
  // 1000 tokens: two rounds of 2 x 256 tokens would just hold 1024.
  const auto ranges = checked_split(Lengths(100, 10), 256, 2);
  EXPECT_EQ(ranges.size(), 4U);
  for (const SequenceRange& range : ranges) {
    EXPECT_EQ(range.end - range.begin, 25);
  }
}

TEST(SplitByTokens, GivesASequenceOverTheBudgetARangeOfItsOwn) {
  const Lengths lengths = {3, 400, 3, 3};
  const auto ranges = checked_split(lengths, 256, 1);
  const auto with_long = std::find_if(ranges.begin(), ranges.end(), [](const SequenceRange& range) {
    return range.begin <= 1 && range.end > 1;
  });
  ASSERT_NE(with_long, ranges.end());
  EXPECT_EQ(tokens_of(lengths, *with_long), 400);
}

TEST(SplitByTokens, CoversSequencesWithoutTokens) {
  checked_split({0, 0, 0}, 256, 2);
  checked_split({0, 300, 0, 0, 300, 0}, 256, 2);
}

TEST(SplitByTokens, HoldsForRandomLengths) {
  std::mt19937 generator(7);
  for (int round = 0; round < 500; ++round) {
    const auto sequences = std::uniform_int_distribution<size_t>(1, 80)(generator);
    const auto budget = std::uniform_int_distribution<int64_t>(1, 200)(generator);
    const auto workers = std::uniform_int_distribution<int64_t>(1, 5)(generator);
    Lengths lengths(sequences);
    for (int32_t& length : lengths) {
      length = std::uniform_int_distribution<int32_t>(0, 60)(generator);
    }
    SCOPED_TRACE(testing::Message() << "round " << round);
    checked_split(lengths, budget, workers);
  }
}

TEST(SplitByTokens, BalancesShortSequences) {
  // Queries of 3 to 40 tokens: no range of a worker may be more than one sequence off its share.
  std::mt19937 generator(3);
  Lengths lengths(32);
  for (int32_t& length : lengths) {
    length = std::uniform_int_distribution<int32_t>(3, 40)(generator);
  }
  const int64_t tokens = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  for (const int64_t workers : {2, 3, 4}) {
    const auto ranges = checked_split(lengths, 100'000, workers);
    ASSERT_EQ(ranges.size(), static_cast<size_t>(workers));
    for (const SequenceRange& range : ranges) {
      EXPECT_NEAR(static_cast<double>(tokens_of(lengths, range)),
                  static_cast<double>(tokens / workers),
                  40);
    }
  }
}

}  // namespace
}  // namespace fastintent
