#include "api/predict_texts.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "api/distinct_texts.h"
#include "api/pending_predictions.h"
#include "api/progress.h"
#include "fastintent/dataset.h"

namespace fastintent {
namespace {

// A batch of one text is answered as fast as the text alone.
std::vector<IntentPrediction> predict_all_of_one(const PredictionContext& context,
                                                 std::string_view text) {
  Progress progress(context.options, 1);
  std::vector<IntentPrediction> predictions;
  std::optional<IntentPrediction> known = context.find(text);
  predictions.push_back(known ? *std::move(known) : predict_one(context, text));
  progress.add(1);
  progress.tell_the_end();
  return predictions;
}

}  // namespace

IntentPrediction predict_one(const PredictionContext& context, std::string_view text) {
  const RankingRequest request = request_of(context.options);
  if (!context.options.deadline) {  // else the queue checks it
    if (const auto rankings = context.predictor->try_run_now(std::span(&text, 1), request)) {
      return context.make(text, rankings->of(0));
    }
  }
  Progress progress(context.options, 1);
  PendingRankings pending =
      context.predictor->start(std::span(&text, 1), request, schedule_of(context.options));
  progress.wait_for(pending);
  const Rankings rankings = pending.get();
  return context.make(text, rankings.of(0));
}

std::vector<IntentPrediction> predict_all(const PredictionContext& context,
                                          std::span<const std::string_view> texts) {
  if (texts.size() == 1 && !is_blank(texts.front())) {
    return predict_all_of_one(context, texts.front());
  }
  const DistinctTexts distinct(texts, context.equal_texts_once);
  std::span<const std::string_view> waiting = distinct.texts();
  const auto batch_size = static_cast<size_t>(context.options.batch_size);

  Progress progress(context.options, static_cast<int64_t>(texts.size()));
  const size_t repeated = texts.size() - waiting.size();
  progress.add(static_cast<int64_t>(repeated));
  context.count_repeated(repeated);
  std::vector<IntentPrediction> predictions;
  predictions.reserve(waiting.size());
  PendingBatches batches(context, progress);
  while (!waiting.empty() || !batches.empty()) {
    progress.tell();
    if (!waiting.empty() && batches.wants_more()) {
      const size_t count = std::min(batch_size, waiting.size());
      batches.start(waiting.first(count));
      waiting = waiting.subspan(count);
      continue;
    }
    std::vector<IntentPrediction> batch = batches.finish_first().predictions;
    std::move(batch.begin(), batch.end(), std::back_inserter(predictions));
  }
  progress.tell_the_end();
  return distinct.spread(std::move(predictions));
}

}  // namespace fastintent
