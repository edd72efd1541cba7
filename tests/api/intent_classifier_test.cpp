#include "fastintent/intent_classifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "fastintent/devices.h"
#include "predict/golden_texts.h"

namespace fastintent {
namespace {

const GoldenCase& golden() {
  static const GoldenCase bert_mean("bert_mean");
  return bert_mean;
}

ClassifierOptions options_of(int threads = 1) {
  ClassifierOptions options;
  options.model_path = golden().model();
  options.device = Device::cpu;
  options.threads = threads;
  return options;
}

PredictOptions with_logits() {
  PredictOptions options;
  options.with_logits = true;
  return options;
}

void expect_same(const IntentPrediction& found, const IntentPrediction& expected) {
  EXPECT_EQ(found.intent, expected.intent);
  EXPECT_EQ(found.confidence, expected.confidence);
  EXPECT_EQ(found.logits, expected.logits);
  EXPECT_EQ(found.truncated, expected.truncated);
  EXPECT_EQ(found.error, expected.error);
  ASSERT_EQ(found.alternatives.size(), expected.alternatives.size());
  for (size_t i = 0; i < found.alternatives.size(); ++i) {
    EXPECT_EQ(found.alternatives[i].intent, expected.alternatives[i].intent);
    EXPECT_EQ(found.alternatives[i].confidence, expected.alternatives[i].confidence);
  }
}

TEST(IntentClassifier, AnswersWithTheIntentOfTheHighestGoldenLogit) {
  IntentClassifier classifier(options_of());
  const std::vector<std::string> texts = golden_texts(golden());
  const std::vector<float> expected = golden().values("logits");
  const std::vector<std::string> intents = classifier.intents();
  EXPECT_EQ(intents,
            std::vector<std::string>(
                {"card_lost", "card_arrival", "transfer_failed", "change_pin", "close_account"}));
  const auto predictions = classifier.predict_batch(texts, with_logits());
  ASSERT_EQ(predictions.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto row = std::span(expected).subspan(i * intents.size(), intents.size());
    const auto best = std::max_element(row.begin(), row.end()) - row.begin();
    EXPECT_EQ(predictions[i].intent, intents[static_cast<size_t>(best)]) << texts[i];
    EXPECT_LT(largest_difference(predictions[i].logits, row), 1e-4);
    EXPECT_EQ(predictions[i].alternatives.size(), 4U);
  }
}

// To the last bit: law 2.
TEST(IntentClassifier, PredictsATextAloneAsInABatchInEveryPrecision) {
  const std::vector<std::string> texts = golden_texts(golden());
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    ClassifierOptions options = options_of();
    options.precision = precision;
    IntentClassifier classifier(options);
    EXPECT_EQ(classifier.precision(), precision);
    std::vector<IntentPrediction> alone;
    for (const std::string& text : texts) {
      alone.push_back(classifier.predict(text, with_logits()));
    }
    for (const int threads : {1, 2, 3}) {
      options.threads = threads;
      IntentClassifier other(options);
      const auto batch = other.predict_batch(texts, with_logits());
      for (size_t i = 0; i < texts.size(); ++i) {
        expect_same(batch[i], alone[i]);
      }
    }
  }
}

TEST(IntentClassifier, GivesLogitsOnlyWhenAsked) {
  IntentClassifier classifier(options_of());
  EXPECT_TRUE(classifier.predict("my card").logits.empty());
  EXPECT_EQ(classifier.predict("my card", with_logits()).logits.size(), 5U);
}

TEST(IntentClassifier, AnswersAnEmptyBatch) {
  EXPECT_TRUE(IntentClassifier(options_of()).predict_batch(std::vector<std::string>()).empty());
}

TEST(IntentClassifier, SaysThatATextWasTruncated) {
  ClassifierOptions options = options_of();
  options.max_length = 5;
  IntentClassifier classifier(options);
  EXPECT_EQ(classifier.max_length(), 5);
  EXPECT_FALSE(classifier.predict("my lost card").truncated);
  EXPECT_TRUE(classifier.predict("my lost card again").truncated);
}

TEST(IntentClassifier, RefusesABlankText) {
  IntentClassifier classifier(options_of());
  for (const char* blank : {"", "  \t\n", "\xC2\xA0\xE3\x80\x80"}) {
    expect_error(ErrorCode::invalid_data, "blank", [&] { classifier.predict(blank); });
  }
  const std::vector<std::string> texts = {"my card", "fee", " ", "pin"};
  expect_error(ErrorCode::invalid_data, "index 2", [&] { classifier.predict_batch(texts); });
  EXPECT_EQ(classifier.get_cache_stats().misses, 0);  // before any work
}

TEST(IntentClassifier, AnswersABlankTextWithAnErrorInItsPlace) {
  IntentClassifier classifier(options_of());
  const std::vector<std::string_view> texts = {"my card", " ", {}, "my card", " "};
  PredictOptions options;
  options.errors_in_place = true;
  const auto predictions = classifier.predict_batch(texts, options);
  ASSERT_EQ(predictions.size(), texts.size());
  for (const size_t blank : {1, 2, 4}) {
    EXPECT_NE(predictions[blank].error.find("blank"), std::string::npos);
    EXPECT_EQ(predictions[blank].intent, "");
  }
  for (const size_t text : {0, 3}) {
    expect_same(predictions[text], classifier.predict("my card"));
  }
}

TEST(IntentClassifier, RefusesImpossibleOptions) {
  const auto refuse = [](const char* name, auto change) {
    ClassifierOptions options = options_of();
    change(options);
    expect_error(ErrorCode::invalid_argument, name, [&] { IntentClassifier classifier(options); });
  };
  refuse("batch_size", [](ClassifierOptions& options) { options.batch_size = 0; });
  refuse("cache_size", [](ClassifierOptions& options) { options.cache_size = -1; });
  refuse("cache_bytes", [](ClassifierOptions& options) { options.cache_bytes = -1; });
  refuse("threshold", [](ClassifierOptions& options) { options.review_threshold = -0.1; });
  refuse("threads", [](ClassifierOptions& options) { options.threads = -1; });
  refuse("threads", [](ClassifierOptions& options) { options.threads = 1'000'000; });
  refuse("max_length", [](ClassifierOptions& options) { options.max_length = -1; });
  refuse("", [](ClassifierOptions& options) { options.max_length = 65; });  // 64 positions
  PredictOptions negative;
  negative.top_k = -1;
  IntentClassifier classifier(options_of());
  expect_error(ErrorCode::invalid_argument, "top_k", [&] { classifier.predict("fee", negative); });
  PredictOptions batch_size;
  batch_size.batch_size = -1;
  expect_error(
      ErrorCode::invalid_argument, "batch_size", [&] { classifier.predict("fee", batch_size); });
  expect_error(ErrorCode::invalid_argument, "batch_size", [&] { classifier.set_batch_size(0); });
  expect_error(
      ErrorCode::invalid_argument, "threshold", [&] { classifier.set_review_threshold(1.5); });
}

TEST(IntentClassifier, RefusesFoldersItCannotUse) {
  const TemporaryFolder empty;
  ClassifierOptions options = options_of();
  options.model_path = empty / "absent";
  expect_error(ErrorCode::missing_input, "absent", [&] { IntentClassifier classifier(options); });
  options.model_path = empty.path();
  expect_error(
      ErrorCode::bad_checkpoint, "an empty folder", [&] { IntentClassifier classifier(options); });
  options.model_path = GoldenCase("bert_base").model();
  expect_error(
      ErrorCode::bad_checkpoint, "train it first", [&] { IntentClassifier classifier(options); });
  options = options_of();
  options.device = Device::cuda;
  expect_error(ErrorCode::device_missing, "CUDA", [&] { IntentClassifier classifier(options); });
}

TEST(IntentClassifier, TellsWhatItIs) {
  const IntentClassifier classifier(options_of());
  EXPECT_EQ(classifier.max_length(), 64);
  EXPECT_EQ(classifier.description(),
            "bert: 2 layers, hidden 32, 4 heads, intermediate 56, vocabulary 154; head: mean of "
            "tokens, linear; 5 intents");
  const std::vector<std::string> names = device_names();
  EXPECT_NE(std::find(names.begin(), names.end(), classifier.device_name()), names.end());
  EXPECT_EQ(names.back(), "reference");
}

TEST(IntentClassifier, CanBeMoved) {
  IntentClassifier first(options_of());
  const IntentPrediction expected = first.predict("my lost card", with_logits());
  IntentClassifier second = std::move(first);
  expect_same(second.predict("my lost card", with_logits()), expected);
}

TEST(IntentClassifier, HasNoModelBeforeTraining) {
  IntentClassifier classifier;
  EXPECT_FALSE(classifier.is_loaded());
  const std::vector<std::string> texts = {"my card"};
  const auto refuse = [](auto call) { expect_error(ErrorCode::no_model, "train", call); };
  refuse([&] { classifier.predict("my card"); });
  refuse([&] { classifier.predict_batch(texts); });
  refuse([&] { classifier.predict_batch_streaming(texts); });
  refuse([&] { classifier.warm_up(); });
  refuse([&] { classifier.optimize_for_inference(); });
  refuse([&] { classifier.benchmark_performance(); });
  refuse([&] { classifier.save("nowhere"); });
  refuse([&] { classifier.intents(); });
  EXPECT_EQ(classifier.get_cache_stats().cache_limit, 1000);
  EXPECT_FALSE(classifier.get_gpu_memory_stats().gpu_available);
}

TEST(IntentClassifier, TellsWhatItLoaded) {
  ClassifierOptions options = options_of(2);
  std::string told;
  options.log = [&](const std::string& message) { told += message; };
  const IntentClassifier classifier(options);
  EXPECT_TRUE(classifier.is_loaded());
  EXPECT_NE(told.find(golden().model().string()), std::string::npos) << told;
  EXPECT_NE(told.find(classifier.device_name() + " in fp32 with 2 workers"), std::string::npos)
      << told;
}

TEST(IntentClassifier, ComputesATextThatStandsTwiceInABatchOnce) {
  IntentClassifier classifier(options_of());
  const std::vector<std::string> texts = {"my card", "fee", "my card", "fee", "my card"};
  const auto answers = classifier.predict_batch(texts);
  EXPECT_EQ(classifier.get_cache_stats().misses, 2);
  for (size_t i = 2; i < texts.size(); ++i) {
    expect_same(answers[i], answers[i - 2]);
  }
  expect_same(answers[1], classifier.predict("fee"));
}

TEST(IntentClassifier, AnswersTheSameForEveryBatchSize) {
  IntentClassifier classifier(options_of(2));
  const std::vector<std::string> texts = golden_texts(golden());
  const auto expected = classifier.predict_batch(texts, with_logits());
  for (const int batch_size : {1, 2, 3, 100}) {
    PredictOptions options = with_logits();
    options.batch_size = batch_size;
    const auto found = classifier.predict_batch(texts, options);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      expect_same(found[i], expected[i]);
    }
  }
}

TEST(IntentClassifier, TellsProgressAndStopsWhenTold) {
  ClassifierOptions options = options_of();
  options.device = Device::reference;  // slow enough to be queried in between
  IntentClassifier classifier(options);
  std::vector<std::string> texts;
  for (int i = 0; i < 5000; ++i) {
    texts.push_back("please close my old account " + std::to_string(i));
  }
  PredictOptions impatient;
  int64_t most_done = 0;
  impatient.on_progress = [&](int64_t done, int64_t total) {
    EXPECT_EQ(total, 5000);
    EXPECT_GE(done, most_done);
    most_done = done;
    return done == 0;  // continues until some are done
  };
  expect_error(
      ErrorCode::interrupted, "stopped", [&] { classifier.predict_batch(texts, impatient); });
  EXPECT_GT(most_done, 0);
  EXPECT_LT(most_done, 5000);
}

TEST(IntentClassifier, FlagsWhatIsBelowTheReviewThreshold) {
  IntentClassifier classifier(options_of());
  EXPECT_EQ(classifier.review_threshold(), std::nullopt);
  const float confidence = classifier.predict("my card").confidence;
  EXPECT_FALSE(classifier.predict("my card").needs_review);
  classifier.set_review_threshold(confidence + 0.01);
  EXPECT_TRUE(classifier.predict("my card").needs_review);  // from the cache, too
  EXPECT_TRUE(classifier.predict("my card", with_logits()).needs_review);
  classifier.set_review_threshold(confidence - 0.01);
  EXPECT_FALSE(classifier.predict("my card").needs_review);
  classifier.set_review_threshold(std::nullopt);
  EXPECT_EQ(classifier.review_threshold(), std::nullopt);
  EXPECT_GT(classifier.get_cache_stats().hits, 0);
}

TEST(IntentClassifier, ChangesItsBatchSizeAtAnyTime) {
  IntentClassifier classifier(options_of());
  EXPECT_EQ(classifier.batch_size(), 32);
  classifier.set_batch_size(2);
  EXPECT_EQ(classifier.batch_size(), 2);
  std::vector<size_t> sizes;
  const std::vector<std::string> texts = {"a", "b", "c"};
  for (const auto& batch : classifier.predict_batch_streaming(texts)) {
    sizes.push_back(batch.predictions.size());
  }
  EXPECT_EQ(sizes, std::vector<size_t>({2, 1}));
}

TEST(IntentClassifier, KnowsOfNoGpu) {
  IntentClassifier classifier(options_of());
  const GpuMemoryStats stats = classifier.get_gpu_memory_stats();
  EXPECT_FALSE(stats.gpu_available);
  EXPECT_EQ(stats.device_name, "CPU");
  EXPECT_EQ(stats.total_memory_gb, 0);
  EXPECT_EQ(stats.allocated_memory_gb, 0);
  EXPECT_EQ(stats.cached_memory_gb, 0);
  EXPECT_EQ(stats.free_memory_gb, std::numeric_limits<double>::infinity());
  classifier.empty_gpu_cache();
}

TEST(IntentClassifier, ServesManyThreads) {
  IntentClassifier classifier(options_of(2));
  const std::vector<std::string> texts = golden_texts(golden());
  const auto expected = classifier.predict_batch(texts, with_logits());
  std::vector<std::thread> callers;
  for (size_t caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (size_t round = 0; round < 20; ++round) {
        const size_t index = (caller + round) % texts.size();
        expect_same(classifier.predict(texts[index], with_logits()), expected[index]);
        if (round % 5 == 0) {
          const auto batch = classifier.predict_batch(texts, with_logits());
          for (size_t i = 0; i < texts.size(); ++i) {
            expect_same(batch[i], expected[i]);
          }
        }
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
}

}  // namespace
}  // namespace fastintent
