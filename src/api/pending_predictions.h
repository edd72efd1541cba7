#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "api/prediction_context.h"
#include "api/progress.h"

namespace fastintent {

/// One batch of texts in flight: cached predictions are taken from the cache, the other texts are
/// being computed. The prediction of a blank text is an error. One thread at a time.
class PendingPredictions {
 public:
  /// `context` and the texts must outlive it.
  PendingPredictions(const PredictionContext& context, std::span<const std::string_view> texts);

  bool is_done() const;
  /// Waits and returns the predictions in the order of the texts; call once. Rethrows the exception of
  /// a worker; throws interrupted when `progress` does.
  std::vector<IntentPrediction> finish(Progress& progress);

 private:
  const PredictionContext* context_;
  std::vector<std::string_view> texts_;
  std::vector<IntentPrediction> predictions_;
  std::vector<size_t> computed_;  // indices of the texts in flight
  std::optional<PendingRankings> pending_;
};

}  // namespace fastintent
