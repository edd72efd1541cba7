#include "api/compare_predictions.h"

#include <algorithm>
#include <cmath>

namespace fastintent {

PrecisionAgreement compare_predictions(std::span<const IntentPrediction> before,
                                       std::span<const IntentPrediction> after) {
  PrecisionAgreement agreement;
  agreement.texts = static_cast<int64_t>(before.size());
  int64_t kept = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    kept += before[i].intent == after[i].intent ? 1 : 0;
    agreement.largest_confidence_change = std::max(
        agreement.largest_confidence_change, std::abs(after[i].confidence - before[i].confidence));
  }
  agreement.label_agreement = static_cast<double>(kept) / static_cast<double>(agreement.texts);
  return agreement;
}

}  // namespace fastintent
