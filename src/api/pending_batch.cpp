#include "api/pending_batch.h"

#include "fastintent/dataset.h"

namespace fastintent {

PendingBatch::PendingBatch(const PredictionContext& context,
                           std::span<const std::string_view> texts)
    : context_(&context), texts_(texts.begin(), texts.end()), answers_(texts.size()) {
  std::vector<std::string_view> unknown;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (is_blank(texts[i])) {
      answers_[i].error = kBlankText;
      continue;
    }
    if (auto known = context.find(texts[i])) {
      answers_[i] = *std::move(known);
      continue;
    }
    computed_.push_back(i);
    unknown.push_back(texts[i]);
  }
  if (!unknown.empty()) {
    pending_ = context.predictor->start(unknown, request_of(context.options));
  }
}

bool PendingBatch::is_done() const {
  return !pending_ || pending_->wait_for(std::chrono::milliseconds(0));
}

std::vector<IntentPrediction> PendingBatch::finish(Progress& progress) {
  if (pending_) {
    progress.wait_for(*pending_);
    const TextAnswers found = pending_->get();
    for (size_t i = 0; i < computed_.size(); ++i) {
      const size_t text = computed_[i];
      answers_[text] = context_->make(texts_[text], found.of(i));
    }
  }
  progress.add(static_cast<int64_t>(answers_.size()));
  return std::move(answers_);
}

}  // namespace fastintent
