#pragma once

#include <array>
#include <vector>

#include "fastintent/evaluation.h"

namespace fastintent {

/// Compares the confidence of predictions with the share of correct ones: the reliability diagram
/// of Guo et al. 2017, "On Calibration of Modern Neural Networks". One thread at a time.
class Reliability {
 public:
  void add(double confidence, bool correct);

  std::vector<ReliabilityBin> bins() const;
  /// Mean over the examples of |accuracy - mean confidence| of their bin; 0 without examples.
  double expected_calibration_error() const;

 private:
  static constexpr size_t kBins = 15;  // as in the paper

  struct Sums {
    double examples = 0;
    double confidence = 0;
    double correct = 0;
  };
  std::array<Sums, kBins> bins_;
};

}  // namespace fastintent
