#include "api/pending_predictions.h"

#include <utility>

#include "fastintent/dataset.h"

namespace fastintent {

PendingPredictions::PendingPredictions(const PredictionContext& context,
                                       std::span<const std::string_view> texts,
                                       Schedule schedule)
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
    pending_ = context.predictor->start(unknown, request_of(context.options), std::move(schedule));
  }
}

bool PendingPredictions::is_done() const {
  return !pending_ || pending_->wait_for(std::chrono::milliseconds(0));
}

std::vector<IntentPrediction> PendingPredictions::finish(Progress& progress) {
  if (pending_) {
    progress.wait_for(*pending_);
  }
  progress.add(static_cast<int64_t>(predictions_.size()));
  return take();
}

std::vector<IntentPrediction> PendingPredictions::take() {
  if (pending_) {
    const Rankings rankings = pending_->get();
    for (size_t i = 0; i < computed_.size(); ++i) {
      const size_t text = computed_[i];
      predictions_[text] = context_->make(texts_[text], rankings.of(i));
    }
  }
  return std::move(predictions_);
}

bool PendingBatches::wants_more() const {
  if (started_.size() < 2) {
    return true;  // the next batch is read and tokenised while the first one runs
  }
  // Enough to keep the workers busy with batches of a few texts. Batches without work do not count
  // there: this limit bounds their memory.
  constexpr int kMostWithoutWork = 64;
  return without_work_ < kMostWithoutWork && context_.predictor->wants_more() &&
         !started_.front().pending.is_done();
}

void PendingBatches::start(std::span<const std::string_view> texts) {
  count_started(started_.emplace_back(context_, texts));
}

void PendingBatches::start(std::vector<std::string> texts) {
  const Started& batch = started_.emplace_back(context_, std::move(texts));
  context_.count_repeated(batch.texts.size() - batch.distinct->texts().size());
  count_started(batch);
}

void PendingBatches::count_started(const Started& batch) {
  without_work_ += batch.pending.caused_work() ? 0 : 1;
}

PredictionBatch PendingBatches::finish_first() {
  Started& first = started_.front();
  without_work_ -= first.pending.caused_work() ? 0 : 1;
  PredictionBatch batch;
  batch.predictions = first.pending.finish(progress_);
  if (first.distinct) {
    batch.predictions = first.distinct->spread(std::move(batch.predictions));
  }
  batch.texts = std::move(first.texts);
  batch.batch_idx = next_index_++;
  started_.pop_front();
  return batch;
}

void PendingBatches::clear() {
  started_.clear();
  without_work_ = 0;
}

}  // namespace fastintent
