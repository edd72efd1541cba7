#include "api/prediction_context.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <utility>

#include "api/distinct_texts.h"
#include "api/pending_predictions.h"
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

CacheView PredictionContext::cache_view() const {
  return {cache.get(), options.top_k, cache_generation};
}

std::optional<IntentPrediction> PredictionContext::find(std::string_view text) const {
  return find_prediction(cache_view(), text, review_threshold);
}

IntentPrediction PredictionContext::make(std::string_view text, const Ranking& ranking) const {
  return make_prediction(
      cache_view(), text, ranking, predictor->config().intents, review_threshold);
}

IntentPrediction predict_one(const PredictionContext& context, std::string_view text) {
  const RankingRequest request = request_of(context.options);
  if (const auto rankings = context.predictor->try_run_now(std::span(&text, 1), request)) {
    return context.make(text, rankings->of(0));
  }
  Progress progress(context.options, 1);
  PendingRankings pending = context.predictor->start(std::span(&text, 1), request);
  progress.wait_for(pending);
  const Rankings rankings = pending.get();
  return context.make(text, rankings.of(0));
}

std::vector<IntentPrediction> predict_all(const PredictionContext& context,
                                          std::span<const std::string_view> texts) {
  const DistinctTexts distinct(texts, context.equal_texts_once);
  std::span<const std::string_view> waiting = distinct.texts();
  const auto batch_size = static_cast<size_t>(context.options.batch_size);

  Progress progress(context.options, static_cast<int64_t>(texts.size()));
  progress.add(static_cast<int64_t>(texts.size() - waiting.size()));  // repeated texts
  std::vector<IntentPrediction> predictions;
  predictions.reserve(waiting.size());
  std::deque<PendingPredictions> started;
  while (!waiting.empty() || !started.empty()) {
    progress.tell();
    const bool may_start =
        started.empty() || (context.predictor->wants_more() && !started.front().is_done());
    if (!waiting.empty() && may_start) {
      const size_t count = std::min(batch_size, waiting.size());
      started.emplace_back(context, waiting.first(count));
      waiting = waiting.subspan(count);
      continue;
    }
    std::vector<IntentPrediction> batch = started.front().finish(progress);
    started.pop_front();
    std::move(batch.begin(), batch.end(), std::back_inserter(predictions));
  }
  progress.tell_the_end();
  return distinct.spread(std::move(predictions));
}

}  // namespace fastintent
