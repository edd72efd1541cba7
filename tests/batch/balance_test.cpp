#include "batch/balance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace fastintent {
namespace {

using Lengths = std::vector<int32_t>;

Lengths random_lengths(size_t count) {
  std::mt19937 generator(11);
  Lengths lengths(count);
  for (int32_t& length : lengths) {
    length = std::uniform_int_distribution<int32_t>(3, 64)(generator);
  }
  return lengths;
}

std::vector<int64_t> tokens_by_worker(const Lengths& lengths,
                                      const std::vector<std::vector<int64_t>>& shares) {
  std::vector<int64_t> tokens;
  for (const auto& share : shares) {
    int64_t sum = 0;
    for (const int64_t index : share) {
      sum += lengths[static_cast<size_t>(index)];
    }
    tokens.push_back(sum);
  }
  return tokens;
}

TEST(BalanceByTokens, DealsEverySequenceOnce) {
  const Lengths lengths = random_lengths(37);
  for (const int workers : {1, 2, 3, 8}) {
    const auto shares = balance_by_tokens(lengths, workers);
    ASSERT_EQ(shares.size(), static_cast<size_t>(workers));
    std::vector<int64_t> dealt;
    for (const auto& share : shares) {
      dealt.insert(dealt.end(), share.begin(), share.end());
    }
    std::sort(dealt.begin(), dealt.end());
    std::vector<int64_t> all(lengths.size());
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(dealt, all);
  }
}

TEST(BalanceByTokens, KeepsWorkersWithinOneSequenceOfEachOther) {
  const Lengths lengths = random_lengths(64);
  const int32_t longest = *std::max_element(lengths.begin(), lengths.end());
  for (const int workers : {2, 3, 5}) {
    const auto tokens = tokens_by_worker(lengths, balance_by_tokens(lengths, workers));
    const auto [least, most] = std::minmax_element(tokens.begin(), tokens.end());
    EXPECT_LE(*most - *least, longest);
  }
}

TEST(BalanceByTokens, DealsLongestFirst) {
  // Graham's rule: 9 to worker 0, 7 to 1, 5 to 1 (12), 4 to 0 (13), 1 to 1.
  EXPECT_EQ(balance_by_tokens(Lengths{1, 4, 5, 7, 9}, 2),
            (std::vector<std::vector<int64_t>>{{4, 1}, {3, 2, 0}}));
}

TEST(BalanceByTokens, BreaksTiesByOrder) {
  EXPECT_EQ(balance_by_tokens(Lengths{6, 6, 6, 6}, 2),
            (std::vector<std::vector<int64_t>>{{0, 2}, {1, 3}}));
}

TEST(BalanceByTokens, GivesTheSameForTheSameLengths) {
  const Lengths lengths = random_lengths(50);
  EXPECT_EQ(balance_by_tokens(lengths, 3), balance_by_tokens(lengths, 3));
}

TEST(BalanceByTokens, LeavesTheLastWorkersWithoutWork) {
  const auto shares = balance_by_tokens(Lengths{4, 8}, 4);
  EXPECT_EQ(shares, (std::vector<std::vector<int64_t>>{{1}, {0}, {}, {}}));
  EXPECT_EQ(balance_by_tokens(Lengths{}, 2), (std::vector<std::vector<int64_t>>{{}, {}}));
}

}  // namespace
}  // namespace fastintent
