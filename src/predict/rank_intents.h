#pragma once

#include <span>
#include <string>
#include <vector>

#include "fastintent/prediction.h"

namespace fastintent {

/// Turns logits into a prediction: the winner by the probabilities softmax(logits / temperature)
/// and the `top_k` next, ties in the order of the intents. Throws bad_checkpoint when a logit is
/// not finite.
IntentPrediction rank_intents(std::span<const float> logits,
                              const std::vector<std::string>& intents,
                              int top_k,
                              double temperature);

}  // namespace fastintent
