#pragma once

#include <span>

#include "compute/answers.h"

namespace fastintent {

/// The classes of the largest logits with their probabilities softmax(logits / temperature), best
/// first, ties in the order of the classes. Where a logit is not finite, kNoClass (answers.h).
/// `best` is not longer than `logits`.
void rank_classes(std::span<const float> logits, double temperature, std::span<ScoredClass> best);

}  // namespace fastintent
