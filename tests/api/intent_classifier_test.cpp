#include "fastintent/intent_classifier.h"

#include <gtest/gtest.h>

#include <algorithm>
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
  const std::vector<std::string>& intents = classifier.intents();
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

TEST(IntentClassifier, PredictsATextAloneAsInABatch) {
  IntentClassifier classifier(options_of());
  const std::vector<std::string> texts = golden_texts(golden());
  const auto batch = classifier.predict_batch(texts, with_logits());
  for (size_t i = 0; i < texts.size(); ++i)
    expect_same(classifier.predict(texts[i], with_logits()), batch[i]);
}

TEST(IntentClassifier, GivesLogitsOnlyWhenAsked) {
  IntentClassifier classifier(options_of());
  EXPECT_TRUE(classifier.predict("my card").logits.empty());
  EXPECT_EQ(classifier.predict("my card", with_logits()).logits.size(), 5U);
}

TEST(IntentClassifier, AnswersAnEmptyBatch) {
  EXPECT_TRUE(IntentClassifier(options_of()).predict_batch({}).empty());
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
  for (const char* blank : {"", "  \t\n", "\xC2\xA0\xE3\x80\x80"})
    expect_error(ErrorCode::invalid_data, "blank", [&] { classifier.predict(blank); });
  const std::vector<std::string> texts = {"my card", "fee", " ", "pin"};
  expect_error(ErrorCode::invalid_data, "index 2", [&] { classifier.predict_batch(texts); });
}

TEST(IntentClassifier, RefusesImpossibleOptions) {
  const auto refuse = [](const char* name, auto change) {
    ClassifierOptions options = options_of();
    change(options);
    expect_error(ErrorCode::invalid_argument, name, [&] { IntentClassifier classifier(options); });
  };
  refuse("batch_size", [](ClassifierOptions& options) { options.batch_size = 0; });
  refuse("threads", [](ClassifierOptions& options) { options.threads = -1; });
  refuse("threads", [](ClassifierOptions& options) { options.threads = 1'000'000; });
  refuse("max_length", [](ClassifierOptions& options) { options.max_length = -1; });
  refuse("", [](ClassifierOptions& options) { options.max_length = 65; });  // 64 positions
  PredictOptions negative;
  negative.top_k = -1;
  IntentClassifier classifier(options_of());
  expect_error(ErrorCode::invalid_argument, "top_k", [&] { classifier.predict("fee", negative); });
}

TEST(IntentClassifier, RefusesFoldersItCannotUse) {
  const TemporaryFolder empty;
  ClassifierOptions options = options_of();
  options.model_path = empty / "absent";
  expect_error(ErrorCode::missing_input, "absent", [&] { IntentClassifier classifier(options); });
  options.model_path = empty.path();
  expect_error(
      ErrorCode::missing_input, "config.json", [&] { IntentClassifier classifier(options); });
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
          for (size_t i = 0; i < texts.size(); ++i) expect_same(batch[i], expected[i]);
        }
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

}  // namespace
}  // namespace fastintent
