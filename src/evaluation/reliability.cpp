#include "evaluation/reliability.h"

#include <algorithm>
#include <cmath>

namespace fastintent {

void Reliability::add(double confidence, bool correct) {
  // Bins are open below and closed above, so that a confidence of 1 is in the last.
  const auto above = static_cast<size_t>(std::ceil(confidence * kBins));
  Sums& bin = bins_[std::clamp<size_t>(above, 1, kBins) - 1];
  bin.examples += 1;
  bin.confidence += confidence;
  bin.correct += correct ? 1 : 0;
}

std::vector<ReliabilityBin> Reliability::bins() const {
  std::vector<ReliabilityBin> bins;
  for (const Sums& sums : bins_) {
    const double divisor = std::max(sums.examples, 1.0);
    bins.push_back({.examples = static_cast<int64_t>(sums.examples),
                    .mean_confidence = sums.confidence / divisor,
                    .accuracy = sums.correct / divisor});
  }
  return bins;
}

double Reliability::expected_calibration_error() const {
  double distance = 0;
  double examples = 0;
  for (const Sums& sums : bins_) {
    distance += std::abs(sums.correct - sums.confidence);
    examples += sums.examples;
  }
  return examples == 0 ? 0 : distance / examples;
}

}  // namespace fastintent
