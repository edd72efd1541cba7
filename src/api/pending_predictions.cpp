#include "api/pending_predictions.h"

#include "fastintent/dataset.h"

namespace fastintent {

PendingPredictions::PendingPredictions(const PredictionContext& context,
                                       std::span<const std::string_view> texts)
    : context_(&context), texts_(texts.begin(), texts.end()), predictions_(texts.size()) {
  std::vector<std::string_view> unknown;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (is_blank(texts[i])) {
      predictions_[i].error = kBlankText;
      continue;
    }
    if (auto known = context.find(texts[i])) {
      predictions_[i] = *std::move(known);
      continue;
    }
    computed_.push_back(i);
    unknown.push_back(texts[i]);
  }
  if (!unknown.empty()) {
    pending_ = context.predictor->start(unknown, request_of(context.options));
  }
}

bool PendingPredictions::is_done() const {
  return !pending_ || pending_->wait_for(std::chrono::milliseconds(0));
}

std::vector<IntentPrediction> PendingPredictions::finish(Progress& progress) {
  if (pending_) {
    progress.wait_for(*pending_);
    const Rankings rankings = pending_->get();
    for (size_t i = 0; i < computed_.size(); ++i) {
      const size_t text = computed_[i];
      predictions_[text] = context_->make(texts_[text], rankings.of(i));
    }
  }
  progress.add(static_cast<int64_t>(predictions_.size()));
  return std::move(predictions_);
}

}  // namespace fastintent
