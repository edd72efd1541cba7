#include "fastintent/prediction_stream.h"

#include <exception>
#include <utility>

#include "api/prediction_stream_state.h"

namespace fastintent {

PredictionStream::State::State(PredictionContext context, TextSource source)
    : context_(std::move(context)),
      source_(std::move(source)),
      progress_(context_.options, 0),
      batches_(context_, progress_) {}

bool PredictionStream::State::next(PredictionBatch& batch) {
  home_.require("PredictionStream");
  const bool reads_ahead = context_.options.batch_size > 1;  // as the header promises
  while (source_ && (batches_.empty() || (reads_ahead && batches_.wants_more()))) {
    start_batch();
  }
  if (batches_.empty()) {
    if (error_) {
      std::rethrow_exception(std::exchange(error_, nullptr));
    }
    return false;
  }
  try {
    batch = batches_.finish_first();
  } catch (...) {
    end();
    throw;
  }
  return true;
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
    batches_.start(std::move(texts));
  } catch (...) {
    remember();
  }
}

void PredictionStream::State::end() {
  source_ = nullptr;
  error_ = nullptr;
  batches_.clear();
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
