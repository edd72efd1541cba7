#include <gtest/gtest.h>

#include "fastintent/intent_classifier.h"
#include "predict/golden_texts.h"

// The cache as a user of the class sees it; tests/predict/prediction_cache_test.cpp has the rest.
namespace fastintent {
namespace {

class ClassifierCache : public testing::Test {
 protected:
  static ClassifierOptions options(int64_t cache_size = 1000) {
    ClassifierOptions options;
    options.model_path = GoldenCase("bert_cls").model();
    options.device = Device::cpu;
    options.threads = 2;
    options.cache_size = cache_size;
    return options;
  }
  static PredictOptions uncached() {
    PredictOptions options;
    options.use_cache = false;
    return options;
  }
};

TEST_F(ClassifierCache, GivesTheSameAnswerAsTheModel) {
  IntentClassifier classifier(options());
  for (const std::string& text : golden_texts(GoldenCase("bert_cls"))) {
    const IntentPrediction computed = classifier.predict(text, uncached());
    classifier.predict(text);
    const IntentPrediction cached = classifier.predict(text);
    EXPECT_EQ(cached.intent, computed.intent);
    EXPECT_EQ(cached.confidence, computed.confidence);
    EXPECT_EQ(cached.truncated, computed.truncated);
    ASSERT_EQ(cached.alternatives.size(), computed.alternatives.size());
    for (size_t i = 0; i < cached.alternatives.size(); ++i) {
      EXPECT_EQ(cached.alternatives[i].confidence, computed.alternatives[i].confidence);
    }
  }
  EXPECT_EQ(classifier.get_cache_stats().hits, 7);
  EXPECT_EQ(classifier.get_cache_stats().misses, 7);
}

TEST_F(ClassifierCache, IsSharedByAllWaysToPredict) {
  IntentClassifier classifier(options());
  const std::vector<std::string> texts = {"my card", "fee", "new pin"};
  classifier.predict_batch(texts);
  classifier.predict("fee");
  for (const auto& batch : classifier.predict_batch_streaming(texts)) {
    EXPECT_EQ(batch.predictions.size(), 3U);
  }
  EXPECT_EQ(classifier.get_cache_stats().hits, 4);
  EXPECT_EQ(classifier.get_cache_stats().misses, 3);
}

TEST_F(ClassifierCache, CountsWhatItHolds) {
  IntentClassifier classifier(options(4));
  CacheStats stats = classifier.get_cache_stats();
  EXPECT_TRUE(stats.cache_enabled);
  EXPECT_EQ(stats.cache_limit, 4);
  EXPECT_EQ(stats.cache_size, 0);
  EXPECT_EQ(stats.memory_bytes, 0);
  const std::vector<std::string> texts = {"a", "b", "c", "d", "e"};
  classifier.predict_batch(std::span(texts).first(3));
  stats = classifier.get_cache_stats();
  EXPECT_EQ(stats.cache_size, 3);
  EXPECT_EQ(stats.cache_usage_percent, 75);
  EXPECT_GT(stats.memory_bytes, 0);
  classifier.predict_batch(texts);
  stats = classifier.get_cache_stats();
  EXPECT_EQ(stats.cache_size, 4);
  EXPECT_EQ(stats.evictions, 1);
  classifier.clear_cache();
  EXPECT_EQ(classifier.get_cache_stats().cache_size, 0);
}

TEST_F(ClassifierCache, CanBeLeftOutAndSwitchedOff) {
  IntentClassifier classifier(options());
  classifier.predict("fee", uncached());
  EXPECT_EQ(classifier.get_cache_stats().misses, 0);
  classifier.predict("fee");
  classifier.set_enable_cache(false);
  EXPECT_FALSE(classifier.enable_cache());
  EXPECT_EQ(classifier.get_cache_stats().cache_size, 0);
  classifier.predict("fee");
  EXPECT_FALSE(classifier.get_cache_stats().cache_enabled);
  EXPECT_EQ(classifier.get_cache_stats().cache_size, 0);
  EXPECT_EQ(classifier.get_cache_stats().misses, 1);
  classifier.set_enable_cache(true);
  classifier.predict("fee");
  EXPECT_EQ(classifier.get_cache_stats().cache_size, 1);
}

TEST_F(ClassifierCache, KeepsNothingOfAnotherPrecision) {
  IntentClassifier classifier(options());
  classifier.predict("my card");
  classifier.optimize_for_inference(Precision::bf16);
  EXPECT_EQ(classifier.get_cache_stats().cache_size, 0);
  const IntentPrediction computed = classifier.predict("my card");
  ClassifierOptions bf16 = options();
  bf16.precision = Precision::bf16;
  EXPECT_EQ(computed.confidence, IntentClassifier(bf16).predict("my card").confidence);
}

}  // namespace
}  // namespace fastintent
