#include "train/fit_calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "evaluation/softmax.h"

namespace fastintent {
namespace {

// Networks usually need temperatures from about 0.5 to 5. Outside that range the logits or the
// labels carry almost no information, and the fit would diverge.
constexpr double kFurthest = 20;
// Each bisection halves the interval's logarithmic width, 6 at first: the remaining width is below
// a double's precision.
constexpr int kBisections = 60;

size_t winner(std::span<const float> row) {
  return static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

// In b = 1 / temperature the negative log-likelihood is convex, so its slope
// Σ (mean of the logits under softmax(b · logits) − logit of the label) rises with b, as does every
// confidence: b is too large from one point on, and bisection finds that point for any data.
bool is_too_sharp(const std::vector<std::vector<float>>& logits,
                  std::span<const int32_t> classes,
                  double b) {
  double slope = 0;
  double confidence = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const std::vector<float>& row = logits[i];
    const double largest = row[winner(row)];
    double sum = 0;
    double weighted = 0;
    for (const float logit : row) {
      const double below = logit - largest;
      const double weight = std::exp(b * below);
      sum += weight;
      weighted += weight * below;
    }
    slope += weighted / sum - (row[static_cast<size_t>(classes[i])] - largest);
    confidence += 1 / sum;
  }
  const auto n = static_cast<double>(logits.size());
  return slope > 0 || confidence / n > (n + 1) / (n + 2);
}

}  // namespace

double fit_temperature(const std::vector<std::vector<float>>& logits,
                       std::span<const int32_t> classes) {
  if (logits.empty()) {
    return 1;
  }
  double low = std::log(1 / kFurthest);
  double high = std::log(kFurthest);
  for (int i = 0; i < kBisections; ++i) {
    const double middle = std::midpoint(low, high);
    (is_too_sharp(logits, classes, std::exp(middle)) ? high : low) = middle;
  }
  return std::exp(-low);
}

double review_threshold(std::span<const float> confidences,
                        const std::vector<bool>& correct,
                        double accuracy) {
  std::vector<size_t> order(confidences.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return confidences[a] > confidences[b];
  });
  double threshold = 1;
  double right = 0;
  for (size_t kept = 1; kept <= order.size(); ++kept) {
    const float confidence = confidences[order[kept - 1]];
    right += correct[order[kept - 1]] ? 1 : 0;
    const bool ties_follow = kept < order.size() && confidences[order[kept]] == confidence;
    if (!ties_follow && right / static_cast<double>(kept) >= accuracy) {
      threshold = confidence;
    }
  }
  return threshold;
}

FittedCalibration fit_calibration(const std::vector<std::vector<float>>& logits,
                                  std::span<const int32_t> classes,
                                  double review_accuracy) {
  FittedCalibration fitted;
  fitted.calibration.temperature = fit_temperature(logits, classes);
  std::vector<float> confidences;
  std::vector<bool> correct;
  for (size_t i = 0; i < logits.size(); ++i) {
    const size_t predicted = winner(logits[i]);
    confidences.push_back(
        Softmax(logits[i], fitted.calibration.temperature).probability(predicted));
    correct.push_back(predicted == static_cast<size_t>(classes[i]));
  }
  const double threshold = review_threshold(confidences, correct, review_accuracy);
  fitted.calibration.review_threshold = threshold;
  const auto reviewed = std::count_if(confidences.begin(),
                                      confidences.end(),
                                      [&](float confidence) { return confidence < threshold; });
  if (!confidences.empty()) {
    fitted.review_share = static_cast<double>(reviewed) / static_cast<double>(confidences.size());
  }
  return fitted;
}

}  // namespace fastintent
