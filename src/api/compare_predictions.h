#pragma once

#include <span>

#include "fastintent/prediction.h"
#include "fastintent/quantize.h"

namespace fastintent {

/// Compares a model's predictions of the same texts, at least one, in two precisions. The
/// accuracies stay empty.
PrecisionAgreement compare_predictions(std::span<const IntentPrediction> before,
                                       std::span<const IntentPrediction> after);

}  // namespace fastintent
