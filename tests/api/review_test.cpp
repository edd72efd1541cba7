#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "fastintent/intent_classifier.h"
#include "golden_case.h"

namespace fastintent {
namespace {

const std::vector<std::string> kTexts = {"my card", "close my account", "why", "transfer failed"};

// A golden model, a random network, with a calibration made by the test.
class Review : public testing::Test {
 protected:
  Review() {
    std::filesystem::copy(
        GoldenCase("bert_mean").model(), model(), std::filesystem::copy_options::recursive);
  }
  std::filesystem::path model() const { return folder_ / "model"; }
  void calibrate(const std::string& values) const {
    std::ofstream(model() / "fastintent.json") << R"({"format_version":1,)" << values << "}";
  }
  IntentClassifier open(std::optional<double> threshold = {}) const {
    ClassifierOptions options;
    options.model_path = model();
    options.device = Device::cpu;
    options.threads = 1;
    options.review_threshold = threshold;
    return IntentClassifier(options);
  }
  static std::vector<IntentPrediction> predict(IntentClassifier classifier) {
    return classifier.predict_batch(kTexts, {.top_k = 5, .with_logits = true});
  }

 private:
  const TemporaryFolder folder_;
};

TEST_F(Review, IsNotAskedForWithoutACalibration) {
  const IntentClassifier classifier = open();
  EXPECT_EQ(classifier.temperature(), 1);
  EXPECT_FALSE(classifier.review_threshold().has_value());
  for (const IntentPrediction& prediction : predict(open())) {
    EXPECT_FALSE(prediction.needs_review);
  }
}

TEST_F(Review, TheTemperatureChangesConfidenceAndNothingElse) {
  const auto plain = predict(open());
  calibrate(R"("temperature":0.25)");
  EXPECT_EQ(open().temperature(), 0.25);
  const auto sharper = predict(open());
  for (size_t i = 0; i < kTexts.size(); ++i) {
    EXPECT_EQ(sharper[i].intent, plain[i].intent);
    EXPECT_EQ(sharper[i].logits, plain[i].logits);
    double sum = 0;
    double largest = 0;
    for (const float logit : plain[i].logits) {
      sum += std::exp(logit / 0.25);
      largest = std::max(largest, std::exp(logit / 0.25));
    }
    EXPECT_NEAR(sharper[i].confidence, largest / sum, 1e-6);
    EXPECT_GT(sharper[i].confidence, plain[i].confidence);
  }
}

TEST_F(Review, IsAskedForBelowTheThresholdAndNotAtIt) {
  for (const IntentPrediction& middle : predict(open())) {
    calibrate(fmt::format(R"("review_threshold":{})", double{middle.confidence}));
    for (const IntentPrediction& prediction : predict(open())) {
      EXPECT_EQ(prediction.needs_review, prediction.confidence < middle.confidence);
    }
  }
}

TEST_F(Review, TakesTheCallersThresholdForTheFolders) {
  calibrate(R"("review_threshold":1)");
  EXPECT_EQ(open().review_threshold(), 1);
  EXPECT_TRUE(predict(open())[0].needs_review);
  EXPECT_EQ(open(0.0).review_threshold(), 0);
  EXPECT_FALSE(predict(open(0.0))[0].needs_review);
}

TEST_F(Review, RefusesAThresholdThatIsNoShare) {
  for (const double threshold : {-0.1, 1.1, std::nan("")}) {
    expect_error(ErrorCode::invalid_argument, "review_threshold", [&] { open(threshold); });
  }
}

TEST_F(Review, RefusesADamagedCalibration) {
  calibrate(R"("temperature":0)");
  expect_error(ErrorCode::bad_checkpoint, "temperature", [&] { open(); });
}

}  // namespace
}  // namespace fastintent
