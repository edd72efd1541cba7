#pragma once

#include <span>
#include <string>
#include <vector>

#include "compute/answers.h"
#include "fastintent/prediction.h"

namespace fastintent {

/// Returns a prediction with the names of the best classes: the winner and its alternatives. Throws
/// bad_checkpoint when there is no class.
IntentPrediction name_intents(std::span<const ScoredClass> best,
                              const std::vector<std::string>& intents);

}  // namespace fastintent
