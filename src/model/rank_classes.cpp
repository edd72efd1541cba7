#include "model/rank_classes.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "evaluation/softmax.h"

namespace fastintent {

void rank_classes(std::span<const float> logits, double temperature, std::span<ScoredClass> best) {
  const auto bad =
      std::find_if(logits.begin(), logits.end(), [](float logit) { return !std::isfinite(logit); });
  if (bad != logits.end()) {
    std::fill(best.begin(), best.end(), ScoredClass{kNoClass, *bad});
    return;
  }
  const Softmax softmax(logits, temperature);
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::partial_sort(
      order.begin(),
      order.begin() + static_cast<std::ptrdiff_t>(best.size()),
      order.end(),
      [&](size_t a, size_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  for (size_t rank = 0; rank < best.size(); ++rank) {
    best[rank] = {static_cast<int32_t>(order[rank]), softmax.probability(order[rank])};
  }
}

}  // namespace fastintent
