#include "predict/rank_intents.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fastintent/error.h"
#include "model/softmax.h"

namespace fastintent {

IntentPrediction rank_intents(std::span<const float> logits,
                              const std::vector<std::string>& intents,
                              int top_k,
                              double temperature) {
  for (const float logit : logits) {
    if (std::isfinite(logit)) continue;
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("predict: expected finite logits, found {}; the weights hold values "
                            "that no training gives",
                            logit));
  }
  const Softmax softmax(logits, temperature);
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const size_t shown = std::min(logits.size(), static_cast<size_t>(top_k) + 1);
  std::partial_sort(
      order.begin(),
      order.begin() + static_cast<std::ptrdiff_t>(shown),
      order.end(),
      [&](size_t a, size_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });

  IntentPrediction prediction;
  prediction.intent = intents[order[0]];
  prediction.confidence = softmax.probability(order[0]);
  for (size_t rank = 1; rank < shown; ++rank) {
    prediction.alternatives.push_back({intents[order[rank]], softmax.probability(order[rank])});
  }
  return prediction;
}

}  // namespace fastintent
