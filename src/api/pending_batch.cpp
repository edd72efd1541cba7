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
    if (context.cache != nullptr) {
      if (auto known =
              context.cache->find(texts[i], context.options.top_k, context.cache_generation)) {
        answers_[i] = *std::move(known);
        answers_[i].needs_review = answers_[i].confidence < context.review_threshold;
        continue;
      }
    }
    computed_.push_back(i);
    unknown.push_back(texts[i]);
  }
  if (!unknown.empty()) logits_ = context.predictor->start(unknown);
}

bool PendingBatch::is_done() const {
  return !logits_ || logits_->wait_for(std::chrono::milliseconds(0));
}

std::vector<IntentPrediction> PendingBatch::finish(Progress& progress) {
  if (logits_) {
    progress.wait_for(*logits_);
    const TextLogits logits = logits_->get();
    const size_t C = context_->predictor->config().intents.size();
    for (size_t row = 0; row < computed_.size(); ++row) {
      const size_t text = computed_[row];
      answers_[text] = make_answer(*context_,
                                   texts_[text],
                                   std::span(logits.values).subspan(row * C, C),
                                   logits.truncated[row] != 0);
    }
  }
  progress.add(static_cast<int64_t>(answers_.size()));
  return std::move(answers_);
}

}  // namespace fastintent
