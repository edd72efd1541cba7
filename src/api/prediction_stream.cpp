#include "fastintent/prediction_stream.h"

#include <deque>
#include <exception>
#include <utility>

#include "api/distinct_texts.h"
#include "api/pending_predictions.h"
#include "api/prediction_stream_state.h"

namespace fastintent {

PredictionStream::State::State(PredictionContext context, TextSource source)
    : context_(std::move(context)), source_(std::move(source)), progress_(context_.options, 0) {}

bool PredictionStream::State::next(PredictionBatch& batch) {
  home_.require("PredictionStream");
  while (source_ && may_read_ahead()) {
    start_batch();
  }
  if (started_.empty()) {
    if (error_) {
      std::rethrow_exception(std::exchange(error_, nullptr));
    }
    return false;
  }
  try {
    Started& first = *started_.front();
    batch.predictions = first.distinct.spread(first.pending.finish(progress_));
    batch.texts = std::move(first.texts);
    batch.batch_idx = next_index_++;
  } catch (...) {
    end();
    throw;
  }
  started_.pop_front();
  return true;
}

bool PredictionStream::State::may_read_ahead() const {
  if (started_.empty()) {
    return true;
  }
  if (context_.options.batch_size == 1) {
    return false;  // as the header promises
  }
  if (started_.size() == 1) {
    return true;
  }
  // Enough to keep the workers busy with batches of a few texts. Cached answers cause no work, so
  // wants_more() does not bound the memory: this limit does.
  constexpr size_t kMostStarted = 64;
  return started_.size() < kMostStarted && context_.predictor->wants_more() &&
         !started_.front()->pending.is_done();
}

void PredictionStream::State::start_batch() {
  const auto batch_size = static_cast<size_t>(context_.options.batch_size);
  std::vector<std::string> texts;
  // Errors from here on are thrown after the batches before them were returned.
  const auto remember = [&] {
    error_ = std::current_exception();
    source_ = nullptr;
  };
  try {
    std::string text;
    while (texts.size() < batch_size) {
      text.clear();
      if (!source_(text)) {
        source_ = nullptr;
        break;
      }
      texts.push_back(std::move(text));
    }
  } catch (...) {
    remember();
  }
  if (texts.empty()) {
    return;
  }
  try {
    started_.push_back(std::make_unique<Started>(context_, std::move(texts)));
  } catch (...) {
    remember();
  }
}

void PredictionStream::State::end() {
  source_ = nullptr;
  error_ = nullptr;
  started_.clear();
}

PredictionStream::PredictionStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
PredictionStream::~PredictionStream() = default;
PredictionStream::PredictionStream(PredictionStream&&) noexcept = default;
PredictionStream& PredictionStream::operator=(PredictionStream&&) noexcept = default;

bool PredictionStream::next(PredictionBatch& batch) {
  return state_->next(batch);
}
bool PredictionStream::advance() {
  return state_->next(state_->current);
}
const PredictionBatch& PredictionStream::current() const {
  return state_->current;
}

}  // namespace fastintent
