#pragma once

#include <span>
#include <string>
#include <vector>

#include "compute/answers.h"
#include "fastintent/prediction.h"

namespace fastintent {

/// The classes of the largest logits with their probabilities softmax(logits / temperature), best
/// first, ties in the order of the classes. Where a logit is not finite, kNoClass (answers.h).
/// `best` is not longer than `logits`.
void rank_classes(std::span<const float> logits, double temperature, std::span<ScoredClass> best);

/// A prediction of the best classes: the winner and its alternatives, by their names. Throws
/// bad_checkpoint where there is no class.
IntentPrediction name_intents(std::span<const ScoredClass> best,
                              const std::vector<std::string>& intents);

}  // namespace fastintent
