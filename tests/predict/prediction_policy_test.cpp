#include "predict/prediction_policy.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace fastintent {
namespace {

const std::vector<std::string> kIntents = {"close", "open"};
constexpr std::array<ScoredClass, 2> kBest = {{{1, 0.75F}, {0, 0.25F}}};
constexpr std::array<float, 2> kLogits = {0.5F, 2};
const Ranking kRanking = {kBest, kLogits, true};

TEST(PredictionPolicy, AConfidenceAtTheThresholdNeedsNoReview) {
  EXPECT_TRUE(needs_review(0.74F, 0.75));
  EXPECT_FALSE(needs_review(0.75F, 0.75));
  EXPECT_FALSE(needs_review(0, -1));
}

TEST(PredictionPolicy, APredictionHasAllThatTheModelAnswered) {
  const IntentPrediction prediction = make_prediction({}, "a door", kRanking, kIntents, 0.8);
  EXPECT_EQ(prediction.intent, "open");
  EXPECT_EQ(prediction.confidence, 0.75F);
  EXPECT_EQ(prediction.alternatives, std::vector<ScoredIntent>({{"close", 0.25F}}));
  EXPECT_EQ(prediction.logits, std::vector<float>({0.5F, 2}));
  EXPECT_TRUE(prediction.truncated);
  EXPECT_TRUE(prediction.needs_review);
}

TEST(PredictionPolicy, ACachedPredictionIsFlaggedByTheThresholdOfItsReader) {
  PredictionCache cache(10, 1 << 20);
  const CacheView view{&cache, 1, cache.generation()};
  EXPECT_FALSE(find_prediction(view, "a door", 0.8));
  const IntentPrediction made = make_prediction(view, "a door", kRanking, kIntents, 0.8);
  EXPECT_EQ(find_prediction(view, "a door", 0.8), made);
  EXPECT_FALSE(find_prediction(view, "a door", 0.5)->needs_review);
}

TEST(PredictionPolicy, ACallWithoutACacheFindsNothing) {
  EXPECT_FALSE(find_prediction({}, "a door", 0.5));
}

}  // namespace
}  // namespace fastintent
