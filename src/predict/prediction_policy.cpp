#include "predict/prediction_policy.h"

#include "predict/rank_intents.h"

namespace fastintent {

bool needs_review(float confidence, double threshold) {
  return confidence < threshold;
}

std::optional<IntentPrediction> find_prediction(const CacheView& view,
                                                std::string_view text,
                                                double review_threshold) {
  if (view.cache == nullptr) {
    return std::nullopt;
  }
  auto prediction = view.cache->find(text, view.top_k, view.generation);
  if (prediction) {
    prediction->needs_review = needs_review(prediction->confidence, review_threshold);
  }
  return prediction;
}

IntentPrediction make_prediction(const CacheView& view,
                                 std::string_view text,
                                 const Ranking& ranking,
                                 const std::vector<std::string>& intents,
                                 double review_threshold) {
  IntentPrediction prediction = name_intents(ranking.best, intents);
  prediction.truncated = ranking.truncated;
  prediction.tokens = ranking.tokens;
  prediction.logits.assign(ranking.logits.begin(), ranking.logits.end());
  if (view.cache != nullptr) {
    view.cache->insert(text, view.top_k, prediction, view.generation);
  }
  prediction.needs_review = needs_review(prediction.confidence, review_threshold);
  return prediction;
}

}  // namespace fastintent
