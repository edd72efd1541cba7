#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "api/prediction_context.h"

namespace fastintent {

/// Predicts a text that is not blank with the model, without checking the cache.
IntentPrediction predict_one(const PredictionContext& context, std::string_view text);

/// Predictions in the order of `texts`, each distinct one computed once.
std::vector<IntentPrediction> predict_all(const PredictionContext& context,
                                          std::span<const std::string_view> texts);

}  // namespace fastintent
