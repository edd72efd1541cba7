#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "predict/replica.h"
#include "predict/stopwatch.h"
#include "predict/text_answers.h"
#include "predict/trained_model.h"

namespace fastintent {

/// Texts on their way through the encoder. Dropped before it is done, what has not begun is left
/// out. One thread at a time.
class PendingAnswers {
 public:
  ~PendingAnswers();
  PendingAnswers(PendingAnswers&&) noexcept;
  PendingAnswers& operator=(PendingAnswers&&) noexcept;

  /// Waits for the end, `timeout` at most; true when it is there.
  bool wait_for(std::chrono::milliseconds timeout) const;
  /// Waits and gives the answers; call once. Throws what a worker threw.
  TextAnswers get();

 private:
  friend class Predictor;
  class Job;
  explicit PendingAnswers(std::shared_ptr<Job> job);

  std::shared_ptr<Job> job_;
};

/// Time spent so far.
struct PredictorTimes {
  std::chrono::nanoseconds tokenizer{0};  // on the threads that called
  std::chrono::nanoseconds encoder{0};    // while at least one worker ran it
};

/// Makes the backend of a worker, by its number.
using BackendFactory = std::function<std::unique_ptr<Backend>(int worker)>;

/// Texts in, answers out: tokenises on the calling thread and runs a trained model on all workers,
/// each with a replica of its own. Results do not depend on how texts are split between workers or
/// who else asks (law 2). Safe from many threads.
class Predictor {
 public:
  /// Every worker gets a backend of `create_backend`, all of one kind. `threads` 0: one worker for
  /// each core; `precision` not automatic.
  Predictor(std::shared_ptr<const TrainedModel> trained,
            const BackendFactory& create_backend,
            Precision precision,
            int threads);
  /// Waits for the work that has begun. No PendingAnswers may be in use any more.
  ~Predictor();

  /// Tokenises `texts` and hands them to the workers. The texts need not stay; the predictor must.
  PendingAnswers start(std::span<const std::string_view> texts, AnswerRequest request);
  /// The same, and waits.
  TextAnswers run(std::span<const std::string_view> texts, AnswerRequest request) {
    return start(texts, request).get();
  }

  /// Runs a few texts at once on the calling thread, with the help of all workers; nothing when one
  /// of these has anything else to do, or the device cannot divide a text.
  std::optional<TextAnswers> try_run_now(std::span<const std::string_view> texts,
                                         AnswerRequest request);

  /// Whether the workers would soon stand idle: the moment to start more texts.
  bool wants_more() const;

  /// Warms up every worker's replica.
  void warm_up();

  PredictorTimes times() const;
  const std::shared_ptr<const TrainedModel>& trained() const { return trained_; }
  const ModelConfig& config() const { return model_->config; }
  const Calibration& calibration() const { return trained_->folder.calibration(); }
  const std::string& device_name() const { return device_name_; }
  const PrecisionChoice& fastest_precision() const { return fastest_precision_; }
  Precision precision() const { return precision_; }
  int threads() const { return static_cast<int>(replicas_.size()); }

 private:
  void tokenize(std::span<const std::string_view> texts, TokenizedTexts& out);
  /// A range of a call's texts that no worker has taken yet.
  struct Waiting {
    std::shared_ptr<PendingAnswers::Job> job;
    SequenceRange range;
    int64_t tokens = 0;
  };
  std::vector<Waiting> take_waiting();
  void run_waiting(Replica& replica);

  std::shared_ptr<const TrainedModel> trained_;
  Precision precision_;
  std::shared_ptr<const PreparedModel> model_;
  std::vector<std::unique_ptr<Replica>> replicas_;  // by worker
  std::string device_name_;
  WorkSizes work_sizes_;
  PrecisionChoice fastest_precision_;
  Stopwatch tokenizer_time_;
  Stopwatch encoder_time_;
  std::atomic<int64_t> tokens_waiting_{0};  // started and not done
  std::mutex queue_;                        // guards the two below
  std::deque<Waiting> waiting_;
  int running_ = 0;  // workers at work
  std::mutex warm_up_;
  std::mutex now_;                        // held while now_replica_ runs
  std::unique_ptr<Replica> now_replica_;  // of the threads that call; null where none helps
  ThreadPool pool_;                       // last: ends before what its threads use
};

}  // namespace fastintent
