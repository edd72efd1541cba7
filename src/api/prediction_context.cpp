#include "api/prediction_context.h"

#include <utility>

#include "fastintent/dataset.h"
#include "fastintent/error.h"

namespace fastintent {

PredictionContext plain_context(std::shared_ptr<Predictor> predictor,
                                const std::function<bool()>& should_stop) {
  PredictionContext context;
  context.predictor = std::move(predictor);
  context.options.batch_size = 32;  // any: it does not change the answers
  if (should_stop) {
    context.options.on_progress = [should_stop](int64_t, int64_t) { return !should_stop(); };
  }
  return context;
}

void require_text(std::string_view text) {
  if (is_blank(text)) {
    throw Error(ErrorCode::invalid_data, kBlankText);
  }
}

RankingRequest request_of(const PredictOptions& options) {
  return {options.top_k, options.with_logits};
}

Schedule schedule_of(const PredictOptions& options) {
  return {.deadline = options.deadline};
}

CacheView PredictionContext::cache_view() const {
  return {cache.get(), options.top_k, cache_generation};
}

std::optional<IntentPrediction> PredictionContext::find(std::string_view text) const {
  return find_prediction(cache_view(), text, review_threshold);
}

IntentPrediction PredictionContext::make(std::string_view text, const Ranking& ranking) const {
  if (totals != nullptr) {
    ++totals->texts;
    totals->tokens += ranking.tokens;
  }
  return make_prediction(
      cache_view(), text, ranking, predictor->config().intents, review_threshold);
}

void PredictionContext::count_repeated(size_t texts) const {
  if (totals != nullptr) {
    totals->repeated_texts += static_cast<int64_t>(texts);
  }
}

}  // namespace fastintent
