#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/calibration.h"

namespace fastintent {

/// Returns the temperature T that minimises the negative log-likelihood of the labels under
/// softmax(logits / T) (Guo et al., "On Calibration of Modern Neural Networks", 2017).
///
/// Logits [examples][intents], finite · classes [examples].
///
/// T is between 1/20 and 20, and never so low that the mean confidence of n examples exceeds
/// (n + 1) / (n + 2): by Laplace's rule of succession, this is the probability that n right answers
/// and no wrong one support. Without the second bound a model without errors on the examples would
/// be certain of everything. T is 1 when there are no examples.
double fit_temperature(const std::vector<std::vector<float>>& logits,
                       std::span<const int32_t> classes);

/// Returns the lowest of `confidences` such that at least the share `accuracy` (0 to 1) of the
/// predictions with at least this confidence is right. Predictions of equal confidence are kept or
/// reviewed together. Returns 1 when there is no such confidence: then all predictions are reviewed
/// except those with confidence 1.
///
/// Confidences [examples], 0 to 1 · correct [examples].
double review_threshold(std::span<const float> confidences,
                        const std::vector<bool>& correct,
                        double accuracy);

/// A calibration, and the share of its examples that it sends to review.
struct FittedCalibration {
  Calibration calibration;
  double review_share = 0;  // 0 to 1
};

/// Both of the above: fits the temperature, then the threshold on the resulting confidences.
FittedCalibration fit_calibration(const std::vector<std::vector<float>>& logits,
                                  std::span<const int32_t> classes,
                                  double review_accuracy);

}  // namespace fastintent
