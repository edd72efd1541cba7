#include "line_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <utility>

#include "base/parse_json.h"
#include "base/white_space.h"
#include "fastintent/error.h"
#include "json.h"

namespace fastintent::serve {
namespace {

// Texts of a batch: enough for a pass of each worker of a large machine.
constexpr size_t kBatchTexts = 256;
// In progress at a time: one is computed while the next is read and the one before is sent.
constexpr size_t kMostBatches = 4;
constexpr std::chrono::milliseconds kFullQueuePause{20};  // two passes of a worker

std::string error_line(std::string_view message) {
  JsonWriter line = cli::line_writer();
  line.begin_object();
  line.member("error", message);
  line.end_object();
  return line.text();
}

// The text of a line; throws Error.
std::string text_of(std::string_view line) {
  constexpr const char* kExpected = "expected a line {\"text\":\"…\"}, found ";
  const JsonTree tree = parse_json(
      line,
      "line",
      {.unique_keys = true, .error = ErrorCode::invalid_data, .operation = "read a line"});
  if (!tree->is_object()) {
    throw Error(ErrorCode::invalid_data, kExpected + std::string("another value"));
  }
  const auto text = tree->find("text");
  if (text == tree->end() || !text->is_string()) {
    throw Error(ErrorCode::invalid_data,
                kExpected + std::string(text == tree->end() ? "no text" : "another type of text"));
  }
  return text->get<std::string>();
}

}  // namespace

struct LineStream::Batch {
  std::vector<std::string> texts;   // of the lines that have one
  std::vector<std::string> errors;  // for each line; empty where it has a text
  bool is_closed = false;           // no more lines
  bool is_submitted = false;
  std::vector<IntentPrediction> predictions;
  std::exception_ptr failure;
  std::atomic<bool> is_answered{false};  // after which the two above do not change
  PredictionTicket ticket;
};

LineStream::LineStream(std::shared_ptr<ServedModel> model,
                       PredictOptions options,
                       size_t most_line_bytes,
                       LineStreamEvents events)
    : model_(std::move(model)),
      options_(std::move(options)),
      most_line_bytes_(most_line_bytes),
      events_(std::move(events)) {
  options_.errors_in_place = true;
}

LineStream::~LineStream() {
  for (const std::shared_ptr<Batch>& batch : batches_) {
    batch->ticket.cancel();  // waits for a worker that has the batch in its hands
  }
}

bool LineStream::wants_more() const {
  return !has_ended_ && batches_.size() < kMostBatches;
}

void LineStream::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (!skips_line_ && rest_.size() + part.size() > most_line_bytes_) {
      skips_line_ = true;
      rest_.clear();
    }
    if (!skips_line_) {
      rest_ += part;
    }
    if (end == std::string_view::npos) {
      break;
    }
    add_line(std::exchange(rest_, {}));
    bytes.remove_prefix(end + 1);
  }
  // What has come is answered now: a client may wait for it before it sends more.
  close_batch();
}

void LineStream::end() {
  if (!rest_.empty() || skips_line_) {
    add_line(std::exchange(rest_, {}));
  }
  close_batch();
  has_ended_ = true;
}

void LineStream::add_line(std::string_view line) {
  std::string error;
  std::string text;
  if (std::exchange(skips_line_, false)) {
    error =
        fmt::format("expected a line of at most {} bytes, found a longer one", most_line_bytes_);
  } else if (trimmed(line).empty()) {
    return;
  } else {
    try {
      text = text_of(line);
    } catch (const Error& reason) {
      error = reason.what();
    }
  }
  if (batches_.empty() || batches_.back()->is_closed) {
    batches_.push_back(std::make_shared<Batch>());
  }
  Batch& batch = *batches_.back();
  if (error.empty()) {
    batch.texts.push_back(std::move(text));
  }
  batch.errors.push_back(std::move(error));
  if (batch.errors.size() >= kBatchTexts) {
    close_batch();
  }
}

void LineStream::close_batch() {
  if (!batches_.empty()) {
    batches_.back()->is_closed = true;
  }
  submit();
}

// Hands closed batches to the engine, in their order, while it has room for them.
void LineStream::submit() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_try_) {
    return;  // a later call is on its way
  }
  for (size_t place = 0; place < batches_.size(); ++place) {
    const std::shared_ptr<Batch> batch = batches_[place];
    if (batch->is_submitted || !batch->is_closed) {
      continue;
    }
    batch->is_submitted = true;
    if (batch->texts.empty()) {
      batch->is_answered = true;
      continue;
    }
    try {
      const std::weak_ptr<Batch> weak = batch;
      batch->ticket = model_->classifier.predict_async(
          batch->texts,
          options_,
          [weak, on_progress = events_.on_progress](std::vector<IntentPrediction> predictions,
                                                    std::exception_ptr error) {
            if (const auto answered = weak.lock()) {
              answered->predictions = std::move(predictions);
              answered->failure = std::move(error);
              answered->is_answered = true;
              on_progress();
            }
          });
    } catch (const Error& error) {
      if (error.code() == ErrorCode::overloaded) {
        batch->is_submitted = false;
        next_try_ = now + kFullQueuePause;
        events_.call_later(kFullQueuePause);
        return;
      }
      if (error.code() == ErrorCode::invalid_argument && batch->errors.size() > 1) {
        batch->is_submitted = false;  // it alone has more tokens than the queue takes
        divide(place--);
        continue;
      }
      batch->failure = std::current_exception();
      batch->is_answered = true;
    }
  }
}

// Replaces a batch by two with half of its lines each.
void LineStream::divide(size_t place) {
  Batch& first = *batches_[place];
  auto second = std::make_shared<Batch>();
  second->is_closed = true;
  const auto middle = first.errors.begin() + static_cast<ptrdiff_t>(first.errors.size() / 2);
  const auto texts = std::count(first.errors.begin(), middle, std::string());
  second->errors.assign(std::make_move_iterator(middle),
                        std::make_move_iterator(first.errors.end()));
  first.errors.erase(middle, first.errors.end());
  second->texts.assign(std::make_move_iterator(first.texts.begin() + texts),
                       std::make_move_iterator(first.texts.end()));
  first.texts.resize(static_cast<size_t>(texts));
  batches_.insert(batches_.begin() + static_cast<ptrdiff_t>(place) + 1, std::move(second));
}

std::string LineStream::output() {
  submit();
  std::string lines;
  while (!batches_.empty() && batches_.front()->is_answered) {
    const std::shared_ptr<Batch> batch = std::move(batches_.front());
    batches_.pop_front();
    std::string failure;
    if (batch->failure != nullptr) {
      try {
        std::rethrow_exception(batch->failure);
      } catch (const std::exception& error) {
        failure = error.what();
      }
    }
    size_t next = 0;
    for (const std::string& error : batch->errors) {
      if (!error.empty()) {
        lines += error_line(error);
      } else if (!failure.empty()) {
        lines += error_line(failure);
      } else {
        lines += cli::prediction_line(batch->texts[next], batch->predictions[next]);
        ++next;
      }
      lines += '\n';
    }
    events_.on_answers(model_->info, batch->predictions);
  }
  return lines;
}

bool LineStream::is_done() const {
  return has_ended_ && batches_.empty();
}

}  // namespace fastintent::serve
