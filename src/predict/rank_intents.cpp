#include "predict/rank_intents.h"

#include <fmt/format.h>

#include "fastintent/error.h"

namespace fastintent {

IntentPrediction name_intents(std::span<const ScoredClass> best,
                              const std::vector<std::string>& intents) {
  const ScoredClass winner = best.front();
  if (winner.index == kNoClass) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("predict: expected finite logits, found {}; the weights hold values "
                            "that no training gives",
                            winner.probability));
  }
  const auto name = [&](const ScoredClass& of) { return intents[static_cast<size_t>(of.index)]; };
  IntentPrediction prediction;
  prediction.intent = name(winner);
  prediction.confidence = winner.probability;
  for (const ScoredClass& next : best.subspan(1)) {
    prediction.alternatives.push_back({name(next), next.probability});
  }
  return prediction;
}

}  // namespace fastintent
