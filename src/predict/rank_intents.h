#pragma once

#include <span>
#include <string>
#include <vector>

#include "compute/answers.h"
#include "fastintent/prediction.h"

namespace fastintent {

/// A prediction of the best classes: the winner and its alternatives, by their names. Throws
/// bad_checkpoint where there is no class.
IntentPrediction name_intents(std::span<const ScoredClass> best,
                              const std::vector<std::string>& intents);

}  // namespace fastintent
