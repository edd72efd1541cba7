#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/distinct_texts.h"
#include "api/prediction_context.h"
#include "api/progress.h"

namespace fastintent {

/// One batch of texts in flight: cached predictions are taken from the cache, the other texts are
/// being computed. The prediction of a blank text is an error. One thread at a time.
class PendingPredictions {
 public:
  /// `context` and the texts must outlive it. Throws as Predictor::start.
  PendingPredictions(const PredictionContext& context,
                     std::span<const std::string_view> texts,
                     Schedule schedule);

  bool is_done() const;
  /// Whether it caused work: not all its texts were blank or cached.
  bool caused_work() const { return pending_.has_value(); }
  /// Waits and returns the predictions in the order of the texts; call once. Rethrows the exception of
  /// a worker; throws interrupted when `progress` does.
  std::vector<IntentPrediction> finish(Progress& progress);
  /// The same without progress.
  std::vector<IntentPrediction> take();

 private:
  const PredictionContext* context_;
  std::vector<std::string_view> texts_;
  std::vector<IntentPrediction> predictions_;
  std::vector<size_t> computed_;  // indices of the texts in flight
  std::optional<PendingRankings> pending_;
};

/// The batches of one call in flight, in order, started ahead of the one that the call waits for:
/// as many as keep the workers busy. One thread at a time.
class PendingBatches {
 public:
  /// Both must outlive it.
  PendingBatches(const PredictionContext& context, Progress& progress)
      : context_(context), progress_(progress) {}

  bool empty() const { return started_.empty(); }
  /// Whether another batch should be started before the first one is waited for.
  bool wants_more() const;
  /// Starts a batch of `texts`, which must outlive it.
  void start(std::span<const std::string_view> texts);
  /// Starts a batch and keeps its texts; equal ones are computed once if the context says so.
  void start(std::vector<std::string> texts);
  /// Waits for the first batch, removes it and returns it; `texts` are those that the batch keeps.
  /// Throws as PendingPredictions::finish.
  PredictionBatch finish_first();
  /// Drops all batches.
  void clear();

 private:
  struct Started {
    Started(const PredictionContext& context, std::span<const std::string_view> views)
        : pending(context, views, schedule_of(context.options)) {}
    Started(const PredictionContext& context, std::vector<std::string> kept)
        : texts(std::move(kept)),
          distinct(std::in_place,
                   std::vector<std::string_view>(texts.begin(), texts.end()),
                   context.equal_texts_once),
          pending(context, distinct->texts(), schedule_of(context.options)) {}

    std::vector<std::string> texts;
    std::optional<DistinctTexts> distinct;  // of `texts`
    PendingPredictions pending;
  };

  void count_started(const Started& batch);

  const PredictionContext& context_;
  Progress& progress_;
  std::deque<Started> started_;
  int without_work_ = 0;  // of these
  int64_t next_index_ = 0;
};

}  // namespace fastintent
