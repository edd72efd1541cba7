#pragma once

#include <span>

#include "compute/answers.h"

namespace fastintent {

/// Writes the classes of the largest logits with their probabilities softmax(logits / temperature)
/// to `best`, best first, ties in the order of the classes. If a logit is not finite, the class is
/// kNoClass (answers.h). `best` is not longer than `logits`.
void rank_classes(std::span<const float> logits, double temperature, std::span<ScoredClass> best);

}  // namespace fastintent
