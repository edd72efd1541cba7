#include <gtest/gtest.h>

#include "base/expect_error.h"
#include "base/in_child.h"
#include "base/temporary_folder.h"
#include "fastintent/devices.h"
#include "fastintent/intent_classifier.h"
#include "fastintent/quantize.h"
#include "golden_case.h"

// The behaviour of a GPU that users see; the GPU is emulated where there is none.
namespace fastintent {
namespace {

const std::vector<std::string> kTexts = {
    "my card", "please close my old account", "fee", "why was I charged twice for this?"};

ClassifierOptions options_on(Device device) {
  ClassifierOptions options;
  options.model_path = GoldenCase("bert_mean").model();
  options.device = device;
  return options;
}

std::vector<float> logits_of(IntentClassifier& classifier) {
  PredictOptions options;
  options.with_logits = true;
  std::vector<float> logits;
  for (const IntentPrediction& answer : classifier.predict_batch(kTexts, options)) {
    logits.insert(logits.end(), answer.logits.begin(), answer.logits.end());
  }
  return logits;
}

void expect_answers_of_the_cpu(IntentClassifier& classifier, float tolerance) {
  IntentClassifier cpu(options_on(Device::cpu));
  const auto expected = cpu.predict_batch(kTexts);
  const auto found = classifier.predict_batch(kTexts);
  for (size_t i = 0; i < kTexts.size(); ++i) {
    EXPECT_EQ(found[i].intent, expected[i].intent) << kTexts[i];
    EXPECT_NEAR(found[i].confidence, expected[i].confidence, tolerance) << kTexts[i];
  }
}

TEST(Gpu, AnswersAsTheProcessorDoes) {
  IntentClassifier classifier(options_on(Device::cuda));
  EXPECT_EQ(classifier.precision(), Precision::fp32);
  EXPECT_TRUE(classifier.device_name().starts_with("cuda:0 (")) << classifier.device_name();
  expect_answers_of_the_cpu(classifier, 1e-5F);
}

TEST(Gpu, AnswersInEveryPrecisionItHas) {
  const std::vector<Precision> all = precisions(Device::cuda);
  EXPECT_EQ(all.front(), Precision::fp32);
  for (const Precision precision : all) {
    ClassifierOptions options = options_on(Device::cuda);
    options.precision = precision;
    IntentClassifier classifier(options);
    EXPECT_EQ(classifier.precision(), precision);
    expect_answers_of_the_cpu(classifier, 0.02F);
  }
}

TEST(Gpu, AutomaticTakesIt) {
  EXPECT_GE(gpu_count(), 1);
  IntentClassifier classifier(options_on(Device::automatic));
  EXPECT_TRUE(classifier.device_name().starts_with("cuda:0 (")) << classifier.device_name();
  EXPECT_TRUE(device_names().front().starts_with("cuda:0 ("));
}

TEST(Gpu, AnswersDoNotDependOnTheWay) {
  IntentClassifier classifier(options_on(Device::cuda));
  ClassifierOptions one_worker = options_on(Device::cuda);
  one_worker.threads = 1;
  one_worker.gpu = 0;
  one_worker.batch_size = 1;
  IntentClassifier alone(one_worker);
  EXPECT_EQ(logits_of(alone), logits_of(classifier));

  size_t next = 0;
  for (const auto& [batch_idx, predictions, texts] : classifier.predict_batch_streaming(kTexts)) {
    for (const IntentPrediction& prediction : predictions) {
      EXPECT_EQ(prediction.confidence, alone.predict(kTexts[next++]).confidence);
    }
  }
  EXPECT_EQ(next, kTexts.size());
}

TEST(Gpu, HasAtLeastOneWorkerEach) {
  ClassifierOptions options = options_on(Device::cuda);
  options.threads = 1;
  EXPECT_EQ(IntentClassifier(options).threads(), gpu_count());
  options.threads = 5;
  EXPECT_EQ(IntentClassifier(options).threads(), std::max(5, gpu_count()));
  options.gpu = 0;
  options.threads = 1;
  EXPECT_EQ(IntentClassifier(options).threads(), 1);
}

// The driver knows a GPU's memory in the process that has allocated it alone.
TEST(Gpu, IsRefusedInAForkedChild) {
  IntentClassifier classifier(options_on(Device::cuda));
  const std::string said = in_child([&] { return classifier.predict("my card").intent; });
  EXPECT_NE(said.find("whose GPUs only the parent can use"), std::string::npos) << said;
  EXPECT_FALSE(classifier.predict("my card").intent.empty());
}

TEST(Gpu, AnswersAreCached) {
  IntentClassifier classifier(options_on(Device::cuda));
  const float confidence = classifier.predict("my card").confidence;
  EXPECT_EQ(classifier.predict("my card").confidence, confidence);
  EXPECT_EQ(classifier.get_cache_stats().hits, 1);
}

TEST(Gpu, TellsItsMemory) {
  ClassifierOptions options = options_on(Device::cuda);
  options.gpu = 0;
  IntentClassifier classifier(options);
  classifier.predict("my card");
  const GpuMemoryStats stats = classifier.get_gpu_memory_stats();
  EXPECT_TRUE(stats.gpu_available);
  EXPECT_EQ("cuda:0 (" + stats.device_name + ")", classifier.device_name());
  EXPECT_GT(stats.allocated_memory_gb, 0);
  EXPECT_GE(stats.total_memory_gb, stats.allocated_memory_gb + stats.cached_memory_gb);
  EXPECT_LE(stats.free_memory_gb, stats.total_memory_gb);
  classifier.empty_gpu_cache();
  EXPECT_LE(classifier.get_gpu_memory_stats().cached_memory_gb, stats.cached_memory_gb);
  EXPECT_EQ(logits_of(classifier).size(), kTexts.size() * classifier.intents().size());

  EXPECT_FALSE(IntentClassifier(options_on(Device::cpu)).get_gpu_memory_stats().gpu_available);
}

TEST(Gpu, RefusesOneThatIsNotThere) {
  ClassifierOptions options = options_on(Device::cuda);
  options.gpu = 700;
  expect_error(ErrorCode::device_missing, "found 700", [&] { IntentClassifier{options}; });
  options.gpu = -1;
  expect_error(ErrorCode::device_missing, "found -1", [&] { IntentClassifier{options}; });
  options.device = Device::cpu;
  options.gpu = 0;
  expect_error(
      ErrorCode::invalid_argument, "expected the device cuda", [&] { IntentClassifier{options}; });
}

TEST(Gpu, RefusesAPrecisionThatItLacks) {
  ClassifierOptions options = options_on(Device::cuda);
  options.precision = Precision::int8;
  expect_error(ErrorCode::invalid_argument, "found int8", [&] { IntentClassifier{options}; });
  IntentClassifier classifier(options_on(Device::cuda));
  expect_error(ErrorCode::invalid_argument, "found int8", [&] {
    classifier.optimize_for_inference(Precision::int8);
  });
  EXPECT_EQ(classifier.precision(), Precision::fp32);
}

TEST(Gpu, RunsAFolderForProcessorsInItsFastestPrecision) {
  const TemporaryFolder folder;
  const auto prepared = folder / "prepared";
  quantize_model(GoldenCase("bert_mean").model(), prepared, {.texts = kTexts});
  std::vector<std::string> told;
  ClassifierOptions options = options_on(Device::cuda);
  options.model_path = prepared;
  options.log = [&](const std::string& message) { told.push_back(message); };
  IntentClassifier classifier(options);
  EXPECT_EQ(classifier.precision(), fastest_precision(Device::cuda).precision);
  ASSERT_FALSE(told.empty());
  EXPECT_NE(told.front().find("prepared in int8"), std::string::npos) << told.front();
  expect_answers_of_the_cpu(classifier, 0.02F);
}

TEST(Gpu, OptimizesToItsFastestPrecision) {
  IntentClassifier classifier(options_on(Device::cuda));
  const OptimizationReport report = classifier.optimize_for_inference(Precision::automatic, kTexts);
  EXPECT_EQ(report.precision, fastest_precision(Device::cuda).precision);
  EXPECT_EQ(classifier.precision(), report.precision);
  EXPECT_EQ(report.label_agreement, 1);
}

}  // namespace
}  // namespace fastintent
