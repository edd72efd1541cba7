#include "predict/rank_intents.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/expect_error.h"
#include "model/rank_classes.h"

namespace fastintent {
namespace {

const std::vector<std::string> kIntents = {"a", "b", "c", "d"};

IntentPrediction rank(const std::vector<float>& logits, int top_k, double temperature = 1) {
  std::vector<ScoredClass> best(std::min(logits.size(), static_cast<size_t>(top_k) + 1));
  rank_classes(logits, temperature, best);
  return name_intents(best, kIntents);
}

// Winner and alternatives as one word: "bdca".
std::string order(const IntentPrediction& prediction) {
  std::string names = prediction.intent;
  for (const ScoredIntent& alternative : prediction.alternatives) {
    names += alternative.intent;
  }
  return names;
}

double sum(const IntentPrediction& prediction) {
  double total = prediction.confidence;
  for (const ScoredIntent& alternative : prediction.alternatives) {
    total += alternative.confidence;
  }
  return total;
}

TEST(RankIntents, SortsBySoftmaxProbability) {
  const IntentPrediction prediction =
      rank({std::log(1.0F), std::log(4.0F), std::log(2.0F), 1.0F}, 3);
  EXPECT_EQ(order(prediction), "bdca");
  const double total = 1 + 4 + 2 + std::exp(1.0);
  EXPECT_NEAR(prediction.confidence, 4 / total, 1e-6);
  EXPECT_NEAR(prediction.alternatives[0].confidence, std::exp(1.0) / total, 1e-6);
  EXPECT_NEAR(prediction.alternatives[1].confidence, 2 / total, 1e-6);
  EXPECT_NEAR(prediction.alternatives[2].confidence, 1 / total, 1e-6);
  EXPECT_NEAR(sum(prediction), 1, 1e-6);
  EXPECT_TRUE(prediction.error.empty());
}

TEST(RankIntents, DividesTheLogitsByTheTemperature) {
  const std::vector<float> logits = {1, 4, 2, -3};
  const IntentPrediction softer = rank(logits, 3, 2);
  const IntentPrediction expected = rank({0.5F, 2, 1, -1.5F}, 3);
  EXPECT_EQ(order(softer), "bcad");
  EXPECT_EQ(softer.confidence, expected.confidence);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(softer.alternatives[i].confidence, expected.alternatives[i].confidence);
  }
  EXPECT_GT(rank(logits, 3, 0.5).confidence, rank(logits, 3).confidence);
}

TEST(RankIntents, GivesTheWinnerAloneForTopZero) {
  const IntentPrediction prediction = rank({1, 2, 3, 0}, 0);
  EXPECT_EQ(prediction.intent, "c");
  EXPECT_TRUE(prediction.alternatives.empty());
  EXPECT_LT(prediction.confidence, 1);  // of all classes, shown or not
}

TEST(RankIntents, GivesTopKAlternatives) {
  EXPECT_EQ(order(rank({1, 2, 3, 0}, 1)), "cb");
  EXPECT_EQ(order(rank({1, 2, 3, 0}, 2)), "cba");
}

TEST(RankIntents, GivesEveryClassWhenMoreAreAskedFor) {
  EXPECT_EQ(order(rank({1, 2, 3, 0}, 100)), "cbad");
  EXPECT_EQ(order(rank({1, 2, 3, 0}, std::numeric_limits<int>::max())), "cbad");
}

TEST(RankIntents, KeepsTiesInTheOrderOfTheIntents) {
  EXPECT_EQ(order(rank({0, 0, 0, 0}, 3)), "abcd");
  EXPECT_EQ(order(rank({1, 5, 1, 5}, 3)), "bdac");
  EXPECT_EQ(rank({7, 7, 7, 7}, 3).confidence, 0.25F);
}

TEST(RankIntents, StandsExtremeLogits) {
  const float huge = std::numeric_limits<float>::max();
  const IntentPrediction prediction = rank({-huge, huge, 0, 1e30F}, 3);
  EXPECT_EQ(order(prediction), "bdca");
  EXPECT_EQ(prediction.confidence, 1);
  EXPECT_EQ(sum(prediction), 1);
  const IntentPrediction low = rank({-huge, -huge, -huge, -huge}, 3);
  EXPECT_EQ(low.confidence, 0.25F);
}

TEST(RankIntents, RefusesLogitsThatAreNotFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity}) {
    expect_error(ErrorCode::bad_checkpoint, fmt::format("finite logits, found {}", bad), [&] {
      rank({0, bad, 1, 2}, 3);
    });
  }
}

TEST(RankIntents, IsCertainOfAnOnlyClass) {
  const IntentPrediction prediction = rank({-3}, 5);
  EXPECT_EQ(prediction.intent, "a");
  EXPECT_EQ(prediction.confidence, 1);
  EXPECT_TRUE(prediction.alternatives.empty());
}

}  // namespace
}  // namespace fastintent
