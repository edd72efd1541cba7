#include "predict/prediction_cache.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace fastintent {
namespace {

constexpr int kTopK = 5;
constexpr int64_t kRoomy = 1 << 20;

IntentPrediction answer(const std::string& intent) {
  IntentPrediction prediction;
  prediction.intent = intent;
  prediction.confidence = 0.5F;
  prediction.alternatives = {{"another intent with a long name", 0.25F}};
  return prediction;
}

void insert(PredictionCache& cache, const std::string& text) {
  cache.insert(text, kTopK, answer("intent of " + text), cache.generation());
}

bool knows(PredictionCache& cache, const std::string& text) {
  const auto found = cache.find(text, kTopK, cache.generation());
  if (found) {
    EXPECT_EQ(found->intent, "intent of " + text);
  }
  return found.has_value();
}

TEST(PredictionCache, GivesBackTheWholeAnswer) {
  PredictionCache cache(10, kRoomy);
  EXPECT_FALSE(cache.find("text", kTopK, cache.generation()));
  IntentPrediction expected = answer("card");
  expected.truncated = true;
  cache.insert("text", kTopK, expected, cache.generation());
  const auto found = cache.find("text", kTopK, cache.generation());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->intent, "card");
  EXPECT_EQ(found->confidence, 0.5F);
  EXPECT_TRUE(found->truncated);
  ASSERT_EQ(found->alternatives.size(), 1U);
  EXPECT_EQ(found->alternatives[0].intent, "another intent with a long name");
  EXPECT_EQ(found->alternatives[0].confidence, 0.25F);
}

TEST(PredictionCache, KeepsAnswersOfAnotherLengthApart) {
  PredictionCache cache(10, kRoomy);
  insert(cache, "text");
  EXPECT_FALSE(cache.find("text", kTopK - 1, cache.generation()));
  EXPECT_TRUE(knows(cache, "text"));
}

TEST(PredictionCache, DropsTheLeastRecentlyUsed) {
  PredictionCache cache(3, kRoomy);
  for (const char* text : {"a", "b", "c"}) {
    insert(cache, text);
  }
  EXPECT_TRUE(knows(cache, "a"));  // now "b" is the oldest
  insert(cache, "d");
  EXPECT_FALSE(knows(cache, "b"));
  for (const char* text : {"a", "c", "d"}) {
    EXPECT_TRUE(knows(cache, text)) << text;
  }
  EXPECT_EQ(cache.counts().entries, 3);
  EXPECT_EQ(cache.counts().evictions, 1);
}

TEST(PredictionCache, TakesNoMoreBytesThanItMay) {
  PredictionCache cache(1'000'000, 20'000);
  for (int i = 0; i < 1000; ++i) {
    insert(cache, "text number " + std::to_string(i));
  }
  const auto counts = cache.counts();
  EXPECT_LE(counts.bytes, 20'000);
  EXPECT_GT(counts.bytes, 15'000);
  EXPECT_EQ(counts.entries + counts.evictions, 1000);
  EXPECT_TRUE(knows(cache, "text number 999"));
  EXPECT_FALSE(knows(cache, "text number 0"));
  // An entry larger than the whole cache evicts nothing.
  insert(cache, std::string(30'000, 'x'));
  EXPECT_EQ(cache.counts().entries, counts.entries);
}

TEST(PredictionCache, HoldsNothingWithoutRoom) {
  PredictionCache no_entries(0, kRoomy);
  insert(no_entries, "a");
  EXPECT_FALSE(knows(no_entries, "a"));
  PredictionCache no_bytes(10, 0);
  insert(no_bytes, "a");
  EXPECT_FALSE(knows(no_bytes, "a"));
}

// Every text has the same hash: only comparing complete texts distinguishes them.
TEST(PredictionCache, GivesNoWrongAnswerWhenAllHashesAreEqual) {
  PredictionCache cache(50, kRoomy, [](std::string_view) -> size_t { return 7; });
  for (int i = 0; i < 100; ++i) {
    insert(cache, "text " + std::to_string(i));
  }
  for (int i = 0; i < 50; ++i) {
    EXPECT_FALSE(knows(cache, "text " + std::to_string(i)));
  }
  for (int i = 50; i < 100; ++i) {
    EXPECT_TRUE(knows(cache, "text " + std::to_string(i)));
  }
}

TEST(PredictionCache, ForgetsAllAndRefusesWhatWasComputedBefore) {
  PredictionCache cache(10, kRoomy);
  insert(cache, "a");
  const uint64_t before = cache.generation();
  cache.begin_generation();
  EXPECT_FALSE(knows(cache, "a"));
  EXPECT_EQ(cache.counts().bytes, 0);
  cache.insert("a", kTopK, answer("stale"), before);
  EXPECT_FALSE(cache.find("a", kTopK, cache.generation()));
  insert(cache, "a");
  EXPECT_TRUE(knows(cache, "a"));
  EXPECT_FALSE(cache.find("a", kTopK, before));  // a call that still uses the older model
}

TEST(PredictionCache, IsClearedWithinAGeneration) {
  PredictionCache cache(10, kRoomy);
  const uint64_t generation = cache.generation();
  insert(cache, "a");
  cache.clear();
  EXPECT_FALSE(knows(cache, "a"));
  EXPECT_EQ(cache.generation(), generation);
  cache.insert("a", kTopK, answer("intent of a"), generation);
  EXPECT_TRUE(knows(cache, "a"));
}

TEST(PredictionCache, CountsHitsAndMisses) {
  PredictionCache cache(10, kRoomy);
  insert(cache, "a");
  cache.find("a", kTopK, cache.generation());
  cache.find("a", kTopK, cache.generation());
  cache.find("b", kTopK, cache.generation());
  EXPECT_EQ(cache.counts().hits, 2);
  EXPECT_EQ(cache.counts().misses, 1);
}

TEST(PredictionCache, ServesManyThreads) {
  PredictionCache cache(64, kRoomy);
  std::vector<std::thread> users;
  for (int user = 0; user < 4; ++user) {
    users.emplace_back([&, user] {
      for (int i = 0; i < 2000; ++i) {
        const std::string text = "text " + std::to_string((i * 7 + user * 13) % 100);
        if (!knows(cache, text)) {
          insert(cache, text);
        }
        if (i % 500 == 499) {
          cache.begin_generation();
        }
      }
    });
  }
  for (std::thread& user : users) {
    user.join();
  }
  EXPECT_LE(cache.counts().entries, 64);
  EXPECT_EQ(cache.counts().hits + cache.counts().misses, 8000);
}

}  // namespace
}  // namespace fastintent
