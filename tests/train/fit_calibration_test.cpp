#include "train/fit_calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "evaluation/softmax.h"

namespace fastintent {
namespace {

using Logits = std::vector<std::vector<float>>;

Logits scaled(Logits logits, float factor) {
  for (auto& row : logits) {
    for (float& logit : row) {
      logit *= factor;
    }
  }
  return logits;
}

double likelihood_loss(const Logits& logits,
                       const std::vector<int32_t>& classes,
                       double temperature) {
  double loss = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double largest = *std::max_element(logits[i].begin(), logits[i].end());
    double sum = 0;
    for (const float logit : logits[i]) {
      sum += std::exp((logit - largest) / temperature);
    }
    const float own = logits[i][static_cast<size_t>(classes[i])];
    loss += std::log(sum) - (own - largest) / temperature;
  }
  return loss / static_cast<double>(logits.size());
}

double mean_confidence(const Logits& logits, double temperature) {
  double sum = 0;
  for (const auto& row : logits) {
    const auto winner = std::max_element(row.begin(), row.end()) - row.begin();
    sum += Softmax(row, temperature).probability(static_cast<size_t>(winner));
  }
  return sum / static_cast<double>(logits.size());
}

// The examples of fit_calibration_golden.py; the expected figures are its output.
const Logits kLogits = {{2, 1, 0, -1},
                        {0, 3, 1, 1},
                        {1, 0.5F, 2, 0},
                        {0.25F, 0, 0, 4},
                        {3, 2.5F, 2, 1.5F},
                        {1, 1.5F, 0, 0},
                        {0, 0, 0.5F, 2},
                        {-1, 0, 6, 0.5F},
                        {5, -1, 0, 2},
                        {0, 1, 1.25F, 0}};
const std::vector<int32_t> kClasses = {0, 1, 2, 3, 1, 1, 2, 2, 0, 1};
// SciPy's minimizer sees only the loss, which is flat to a double where its argument still differs
// in the eighth digit.
constexpr double kSciPyPrecision = 1e-6;

TEST(FitTemperature, IsTheMostLikely) {
  EXPECT_NEAR(fit_temperature(kLogits, kClasses), 0.684429125965832, kSciPyPrecision);
  EXPECT_NEAR(likelihood_loss(kLogits, kClasses, fit_temperature(kLogits, kClasses)),
              0.6055153783848624,
              1e-12);
}

TEST(FitTemperature, FollowsTheScaleOfTheLogits) {
  const double temperature = fit_temperature(kLogits, kClasses);
  for (const float factor : {0.5F, 3.0F}) {
    EXPECT_NEAR(
        fit_temperature(scaled(kLogits, factor), kClasses), factor * temperature, 1e-12 * factor);
  }
}

TEST(FitTemperature, IsAtTheLowestLossOfRandomExamples) {
  std::mt19937 generator(1);  // NOLINT(cert-msc51-cpp): the same examples in each run
  std::normal_distribution<float> noise(0, 1);
  for (const float sharpness : {0.3F, 1.0F, 4.0F}) {
    Logits logits(200, std::vector<float>(7));
    std::vector<int32_t> classes;
    for (size_t i = 0; i < logits.size(); ++i) {
      for (float& logit : logits[i]) {
        logit = sharpness * noise(generator);
      }
      classes.push_back(static_cast<int32_t>(i % 7));
      logits[i][i % 7] += 2 * sharpness;
    }
    const double temperature = fit_temperature(logits, classes);
    const double least = likelihood_loss(logits, classes, temperature);
    for (const double factor : {1 / temperature, 0.5, 0.99, 1.01, 2.0}) {
      EXPECT_LT(least, likelihood_loss(logits, classes, factor * temperature)) << factor;
    }
  }
}

TEST(FitTemperature, IsNotSurerThanTheExamplesAreMany) {
  for (const size_t n : {size_t{1}, size_t{8}, size_t{500}}) {
    const Logits logits(n, {2, 0, -1});
    const std::vector<int32_t> all_right(n, 0);
    const auto examples = static_cast<double>(n);
    EXPECT_NEAR(mean_confidence(logits, fit_temperature(logits, all_right)),
                (examples + 1) / (examples + 2),
                1e-6);
  }
}

TEST(FitTemperature, StaysInItsRangeWhateverTheExamples) {
  const float huge = std::numeric_limits<float>::max();
  const auto fit = [](const Logits& logits, int32_t label) {
    return fit_temperature(logits, std::vector<int32_t>(logits.size(), label));
  };
  EXPECT_NEAR(fit({{huge, -huge}, {huge, 0}}, 0), 20, 1e-9) << "sure, and right";
  EXPECT_NEAR(fit({{huge, -huge}}, 1), 20, 1e-9) << "sure, and wrong";
  EXPECT_NEAR(fit({{1, 0}}, 1), 20, 1e-9) << "one example, wrong";
  EXPECT_NEAR(fit({{1e-30F, 0}}, 0), 0.05, 1e-9) << "right by next to nothing";
  EXPECT_NEAR(fit({{0, 0}, {0, 0}}, 0), 0.05, 1e-9) << "the same for every temperature";
  EXPECT_EQ(fit({}, 0), 1);
}

TEST(ReviewThreshold, IsTheLowestThatKeepsTheAccuracy) {
  const std::vector<float> confidences = {0.9F, 0.5F, 0.8F, 0.6F, 0.7F};
  const std::vector<bool> correct = {true, false, true, true, false};
  // From the most confident on, 1/1, 2/2, 2/3, 3/4 and 3/5 are right.
  EXPECT_EQ(review_threshold(confidences, correct, 1), 0.8F);
  EXPECT_EQ(review_threshold(confidences, correct, 0.76), 0.8F);
  EXPECT_EQ(review_threshold(confidences, correct, 0.75), 0.6F) << "past a dip";
  EXPECT_EQ(review_threshold(confidences, correct, 0.6), 0.5F);
  EXPECT_EQ(review_threshold(confidences, correct, 0), 0.5F);
}

TEST(ReviewThreshold, MeetsAnAccuracyThatIsReachedExactly) {
  std::vector<float> confidences;
  std::vector<bool> correct;
  for (int i = 0; i < 20; ++i) {
    confidences.push_back(1 - static_cast<float>(i) / 100);
    correct.push_back(i != 3);
  }
  EXPECT_EQ(review_threshold(confidences, correct, 0.95), confidences.back());
}

TEST(ReviewThreshold, TakesEqualConfidencesTogether) {
  // One of the three at 0.7 is wrong, whichever comes first.
  for (const std::vector<bool>& correct :
       {std::vector<bool>{true, true, true, false}, std::vector<bool>{true, false, true, true}}) {
    EXPECT_EQ(review_threshold(std::vector{0.9F, 0.7F, 0.7F, 0.7F}, correct, 0.8), 0.9F);
    EXPECT_EQ(review_threshold(std::vector{0.9F, 0.7F, 0.7F, 0.7F}, correct, 0.75), 0.7F);
  }
}

TEST(ReviewThreshold, IsOneWhereNoneWillDo) {
  EXPECT_EQ(review_threshold(std::vector{0.9F, 0.8F}, {false, true}, 0.95), 1);
  EXPECT_EQ(review_threshold({}, {}, 0.95), 1);
}

TEST(FitCalibration, SetsTheThresholdOnCalibratedConfidences) {
  const auto expect = [](double accuracy, double threshold, double reviewed) {
    const FittedCalibration fitted = fit_calibration(kLogits, kClasses, accuracy);
    EXPECT_NEAR(*fitted.calibration.review_threshold, threshold, kSciPyPrecision) << accuracy;
    EXPECT_DOUBLE_EQ(fitted.review_share, reviewed) << accuracy;
    EXPECT_EQ(fitted.calibration.temperature, fit_temperature(kLogits, kClasses));
  };
  expect(0.5, 0.49602821758279625, 0);
  expect(0.8, 0.5864673319475017, 0.2);
  expect(0.95, 0.8927602288681448, 0.6);
}

}  // namespace
}  // namespace fastintent
