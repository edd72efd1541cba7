#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/calibration.h"

namespace fastintent {

/// The temperature T at which softmax(logits / T) makes the labels most likely: the least negative
/// log-likelihood (Guo et al., "On Calibration of Modern Neural Networks", 2017).
///
/// Logits [examples][intents], finite · classes [examples].
///
/// It lies within 1/20 and 20, and is never so low that the mean confidence of n examples passes
/// (n + 1) / (n + 2): by Laplace's rule of succession, that is what n right answers and no wrong
/// one show. Without the second bound a model that errs on none of them would be sure of
/// everything. 1 when there are no examples.
double fit_temperature(const std::vector<std::vector<float>>& logits,
                       std::span<const int32_t> classes);

/// The lowest of `confidences` such that the predictions with at least this confidence are right at
/// least `accuracy` (0 to 1) of the time. Predictions of equal confidence are kept or reviewed
/// together. 1 when there is no such confidence: then all are reviewed but those that are certain.
///
/// Confidences [examples], 0 to 1 · correct [examples].
double review_threshold(std::span<const float> confidences,
                        const std::vector<bool>& correct,
                        double accuracy);

/// A calibration, and how many of the examples it was fitted on it would give to people.
struct FittedCalibration {
  Calibration calibration;
  double review_share = 0;  // 0 to 1
};

/// Both of the above: a temperature, then the threshold on the confidences that it gives.
FittedCalibration fit_calibration(const std::vector<std::vector<float>>& logits,
                                  std::span<const int32_t> classes,
                                  double review_accuracy);

}  // namespace fastintent
