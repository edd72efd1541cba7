#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "fastintent/intent_classifier.h"
#include "predict/prediction_cache.h"
#include "predict/prediction_policy.h"
#include "predict/predictor.h"

namespace fastintent {

/// Counts of PredictionCounters.
struct PredictionTotals {
  std::atomic<int64_t> texts{0};
  std::atomic<int64_t> tokens{0};
  std::atomic<int64_t> repeated_texts{0};
};

/// The model and settings of one call. A snapshot: later changes to the classifier do not affect a
/// running call.
struct PredictionContext {
  std::shared_ptr<Predictor> predictor;
  std::shared_ptr<PredictionCache> cache;    // null: not used by this call
  uint64_t cache_generation = 0;             // when the call began
  std::shared_ptr<PredictionTotals> totals;  // null: not counted
  double review_threshold = 0;               // below it a prediction is flagged
  PredictOptions options;                    // batch_size filled in
  bool equal_texts_once = true;              // a repeated text is computed once

  /// find_prediction and make_prediction with the settings of this call.
  std::optional<IntentPrediction> find(std::string_view text) const;
  IntentPrediction make(std::string_view text, const Ranking& ranking) const;
  /// Counts texts that are answered with an equal one of the same call.
  void count_repeated(size_t texts) const;

 private:
  CacheView cache_view() const;
};

/// A context of `predictor` alone: no cache, no threshold. Calls stop when `should_stop`, which may
/// be empty, returns true.
PredictionContext plain_context(std::shared_ptr<Predictor> predictor,
                                const std::function<bool()>& should_stop);

constexpr const char* kBlankText = "predict: expected a text, found a blank one";

/// Throws invalid_data when `text` is blank.
void require_text(std::string_view text);

/// The predictor's request and schedule for a call with `options`.
RankingRequest request_of(const PredictOptions& options);
Schedule schedule_of(const PredictOptions& options);

}  // namespace fastintent
