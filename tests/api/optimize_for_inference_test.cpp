#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "devices/create_backend.h"
#include "fastintent/devices.h"
#include "fastintent/intent_classifier.h"
#include "golden_case.h"

namespace fastintent {
namespace {

ClassifierOptions options_of(Device device = Device::cpu) {
  ClassifierOptions options;
  options.model_path = GoldenCase("bert_pooler").model();
  options.device = device;
  options.threads = 2;
  return options;
}

TEST(OptimizeForInference, ChoosesByTheDeviceAndTellsWhy) {
  IntentClassifier reference(options_of(Device::reference));
  OptimizationReport report = reference.optimize_for_inference();
  EXPECT_EQ(report.precision, Precision::fp32);  // nothing is faster there
  EXPECT_EQ(report.label_agreement, 1);
  EXPECT_EQ(report.largest_confidence_change, 0);

  IntentClassifier classifier(options_of());
  EXPECT_EQ(classifier.precision(), Precision::fp32);
  report = classifier.optimize_for_inference();
  EXPECT_EQ(report.device, classifier.device_name());
  EXPECT_EQ(report.precision, classifier.precision());
  EXPECT_EQ(report.previous_precision, Precision::fp32);
  const auto [precision, reason] = fastest_precision(Device::cpu);
  EXPECT_EQ(report.precision, precision);
  EXPECT_EQ(report.reason, reason);
  EXPECT_GT(report.sample_texts, 0);
  // Every process chooses alike.
  EXPECT_EQ(IntentClassifier(options_of()).optimize_for_inference().precision, report.precision);
}

// What training measured decides, as far as it did.
TEST(OptimizeForInference, PassesOverAPrecisionThatKeepsTooFewLabels) {
  const PrecisionChoice fastest = fastest_precision(Device::cpu);
  if (fastest.precision == Precision::fp32) {
    GTEST_SKIP() << fastest.reason;
  }
  const TemporaryFolder folder;
  ClassifierOptions options = options_of();
  const std::filesystem::path model = folder / "model";
  std::filesystem::copy(options.model_path, model, std::filesystem::copy_options::recursive);
  options.model_path = model;
  const auto choose = [&](double int8, double bf16, double least) {
    std::ofstream(model / "fastintent.json") << fmt::format(
        R"({{"format_version":1,"label_agreement":{{"int8":{},"bf16":{}}}}})", int8, bf16);
    options.label_agreement = least;
    IntentClassifier classifier(options);
    const PrecisionChoice expected = classifier.automatic_precision();
    const OptimizationReport report = classifier.optimize_for_inference();
    EXPECT_EQ(report.precision, expected.precision);
    EXPECT_EQ(report.reason, expected.reason);
    return report;
  };
  EXPECT_EQ(choose(0.995, 0.995, 0.995).precision, fastest.precision);
  EXPECT_NE(choose(0.995, 0.995, 0.995).reason.find("keeps 99.5 %"), std::string::npos);
  const OptimizationReport none = choose(0.99, 0.99, 0.995);
  EXPECT_EQ(none.precision, Precision::fp32);
  EXPECT_NE(none.reason.find("keeps 99 % of the labels"), std::string::npos) << none.reason;
  EXPECT_EQ(choose(0.99, 0.99, 0.9).precision, fastest.precision);
  // The next one that is fast here.
  const Precision next = choose(0.99, 1, 0.995).precision;
  const auto fast = create_backend(Device::cpu)->traits().fast;
  const bool has_bf16 = std::ranges::any_of(
      fast, [](const auto& choice) { return choice.precision == Precision::bf16; });
  EXPECT_EQ(next, has_bf16 ? Precision::bf16 : Precision::fp32);
}

TEST(OptimizeForInference, TakesThePrecisionThatIsNamed) {
  IntentClassifier classifier(options_of());
  const std::vector<std::string> samples = {"my card", "please close my account", "fee"};
  OptimizationReport report = classifier.optimize_for_inference(Precision::bf16, samples);
  EXPECT_EQ(report.precision, Precision::bf16);
  EXPECT_EQ(classifier.precision(), Precision::bf16);
  EXPECT_EQ(report.sample_texts, 3);
  EXPECT_GT(report.largest_confidence_change, 0);
  EXPECT_LT(report.largest_confidence_change, 0.05F);
  EXPECT_EQ(report.label_agreement, 1);

  report = classifier.optimize_for_inference(Precision::int8, samples);
  EXPECT_EQ(report.precision, Precision::int8);
  EXPECT_EQ(report.label_agreement, 1);

  report = classifier.optimize_for_inference(Precision::fp32, samples);
  EXPECT_EQ(report.previous_precision, Precision::int8);
  EXPECT_EQ(classifier.predict("my card").confidence,
            IntentClassifier(options_of()).predict("my card").confidence);
}

TEST(OptimizeForInference, KeepsTheCacheWhenNothingChanges) {
  IntentClassifier classifier(options_of());
  classifier.predict("my card");
  classifier.optimize_for_inference(Precision::fp32);
  EXPECT_EQ(classifier.get_cache_stats().cache_size, 1);
}

TEST(OptimizeForInference, RefusesABlankSample) {
  IntentClassifier classifier(options_of());
  const std::vector<std::string> samples = {"my card", " "};
  const auto refuse = [](auto call) { expect_error(ErrorCode::invalid_data, "blank", call); };
  refuse([&] { classifier.optimize_for_inference(Precision::fp32, samples); });
  refuse([&] { classifier.warm_up(samples); });
  refuse([&] { classifier.benchmark_performance(samples); });
}

TEST(WarmUp, ChangesNoAnswer) {
  IntentClassifier cold(options_of());
  IntentClassifier warm(options_of());
  warm.warm_up();
  const std::vector<std::string> samples = {"a", "please close my old account"};
  warm.warm_up(samples);
  EXPECT_EQ(warm.get_cache_stats().cache_size, 0);
  for (const std::string& text : samples) {
    EXPECT_EQ(warm.predict(text).confidence, cold.predict(text).confidence);
  }
}

TEST(BenchmarkPerformance, MeasuresEveryWayToPredict) {
  IntentClassifier classifier(options_of());
  const std::vector<std::string> samples = {"my card", "please close my account"};
  const PerformanceReport report = classifier.benchmark_performance(samples, 5);
  EXPECT_EQ(report.device, classifier.device_name());
  EXPECT_EQ(report.precision, Precision::fp32);
  EXPECT_EQ(report.threads, 2);
  std::vector<std::string> names;
  for (const auto& [name, figures] : report.benchmarks) {
    names.push_back(name);
    EXPECT_GT(figures.throughput, 0) << name;
    EXPECT_GT(figures.p50_ms, 0) << name;
    EXPECT_LE(figures.p50_ms, figures.p95_ms) << name;
    EXPECT_LE(figures.p95_ms, figures.p99_ms) << name;
    EXPECT_GT(figures.mean_ms, 0) << name;
    EXPECT_GE(figures.tokenizer_share, 0) << name;
    EXPECT_LE(figures.tokenizer_share, 1) << name;
    if (name == "cached") {
      EXPECT_EQ(figures.encoder_share, 0);
    } else {
      EXPECT_GT(figures.encoder_share, 0) << name;
    }
  }
  EXPECT_EQ(names,
            std::vector<std::string>({"single_prediction",
                                      "batch_size_1",
                                      "batch_size_4",
                                      "batch_size_8",
                                      "batch_size_16",
                                      "batch_size_32",
                                      "streaming",
                                      "cached"}));
  EXPECT_EQ(classifier.get_cache_stats().cache_size, 0);
  expect_error(ErrorCode::invalid_argument, "num_iterations", [&] {
    classifier.benchmark_performance(samples, 0);
  });
}

}  // namespace
}  // namespace fastintent
