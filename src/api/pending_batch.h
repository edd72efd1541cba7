#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "api/prediction_context.h"
#include "api/progress.h"

namespace fastintent {

/// One batch of texts between being asked and being answered: what the cache knows is taken from
/// there, the rest is on its way. Blank texts are answered with an error. One thread at a time.
class PendingBatch {
 public:
  /// `context` and the texts must outlive it.
  PendingBatch(const PredictionContext& context, std::span<const std::string_view> texts);

  bool is_done() const;
  /// Waits and gives the answers in the order of the texts; call once. Throws what the work threw,
  /// interrupted when `progress` says so.
  std::vector<IntentPrediction> finish(Progress& progress);

 private:
  const PredictionContext* context_;
  std::vector<std::string_view> texts_;
  std::vector<IntentPrediction> answers_;
  std::vector<size_t> computed_;  // places of the texts that are on their way
  std::optional<PendingAnswers> pending_;
};

}  // namespace fastintent
