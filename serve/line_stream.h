#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "http_server.h"
#include "models.h"

namespace fastintent::serve {

/// What a LineStream reports to its server. Its functions are called on the I/O thread.
struct LineStreamEvents {
  /// Makes the session take output or read more; from any thread.
  std::function<void()> on_progress;
  /// Calls on_progress after `delay`, because the queue is full.
  std::function<void(std::chrono::milliseconds delay)> call_later;
  /// The answers of a batch.
  std::function<void(const ModelInfo& model, std::span<const IntentPrediction> predictions)>
      on_answers;
};

/// Answers a body of JSON lines, {"text":"…"} each, by the lines that `fastintent predict` writes,
/// in their order. Its memory is constant: while a few batches wait for their answers, or for room
/// in the queue, the body is not read. A line that is no such object has {"error":"…"} in its place.
class LineStream : public BodyStream {
 public:
  LineStream(std::shared_ptr<ServedModel> model,
             PredictOptions options,
             size_t most_line_bytes,
             LineStreamEvents events);
  ~LineStream() override;

  bool wants_more() const override;
  void add(std::string_view bytes) override;
  void end() override;
  std::string output() override;
  bool is_done() const override;

 private:
  struct Batch;
  void add_line(std::string_view line);
  void close_batch();
  void submit();
  void divide(size_t place);

  std::shared_ptr<ServedModel> model_;
  PredictOptions options_;
  size_t most_line_bytes_;
  LineStreamEvents events_;
  std::string rest_;         // of a line that has not ended
  bool skips_line_ = false;  // until the end of a line that is too long
  bool has_ended_ = false;
  std::chrono::steady_clock::time_point next_try_;  // after the queue was full
  std::deque<std::shared_ptr<Batch>> batches_;      // the last one may still grow
};

}  // namespace fastintent::serve
