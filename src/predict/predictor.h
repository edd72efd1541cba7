#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fork.h"
#include "base/thread_pool.h"
#include "predict/rankings.h"
#include "predict/replica.h"
#include "predict/stopwatch.h"
#include "predict/trained_model.h"

namespace fastintent {

/// Texts in flight through the encoder. Destroying it early skips the ranges that no worker has
/// started. One thread at a time.
class PendingRankings {
 public:
  ~PendingRankings();
  PendingRankings(PendingRankings&&) noexcept;
  PendingRankings& operator=(PendingRankings&&) noexcept;

  // Both throw invalid_argument in a child made by fork(), where no worker runs.

  /// Waits at most `timeout` for the end; returns whether all is done.
  bool wait_for(std::chrono::milliseconds timeout) const;
  /// Waits and returns the rankings; call once. Rethrows the exception of a worker.
  Rankings get();

 private:
  friend class Predictor;
  class Job;
  explicit PendingRankings(std::shared_ptr<Job> job);

  std::shared_ptr<Job> job_;
};

/// Time spent so far.
struct PredictorTimes {
  std::chrono::nanoseconds tokenizer{0};  // on the calling threads
  std::chrono::nanoseconds encoder{0};    // while at least one worker ran it
};

/// Creates the backend of a worker, by its number.
using BackendFactory = std::function<std::unique_ptr<Backend>(int worker)>;

/// Tokenises texts on the calling thread and runs a trained model on all workers, each with its own
/// replica. Results do not depend on how texts are split between workers, nor on other callers
/// (law 2). Safe from many threads.
class Predictor {
 public:
  /// `create_backend` creates the backend of every worker, all of one kind. `threads` 0: one worker
  /// per core; `precision` must not be automatic.
  /// `prepared`, if not null, is that of another predictor with the same model and precision, on
  /// the processor.
  Predictor(std::shared_ptr<const TrainedModel> trained,
            const BackendFactory& create_backend,
            Precision precision,
            int threads,
            std::shared_ptr<const PreparedModel> prepared = nullptr);
  /// Waits for running work. No PendingRankings may be in use any more.
  ~Predictor();

  /// Tokenises `texts` and queues them for the workers. The predictor must outlive the result; the
  /// texts need not.
  PendingRankings start(std::span<const std::string_view> texts, RankingRequest request);
  /// start(), then get().
  Rankings run(std::span<const std::string_view> texts, RankingRequest request) {
    return start(texts, request).get();
  }

  /// Runs a few texts immediately on the calling thread, with the help of all workers; returns
  /// nullopt when a worker is busy or the device cannot divide a text.
  std::optional<Rankings> try_run_now(std::span<const std::string_view> texts,
                                      RankingRequest request);

  /// Whether the workers would soon be idle, so that more texts should be started.
  bool wants_more() const;

  /// Warms up every worker's replica. `should_stop`, which may be empty, is called ten times per
  /// second; throws interrupted when it returns true.
  void warm_up(const std::function<bool()>& should_stop = {});

  /// Whether its workers are in this process, and not in one that called fork() after it was made.
  bool is_of_this_process() const { return home_.is_this(); }

  PredictorTimes times() const;
  const std::shared_ptr<const TrainedModel>& trained() const { return trained_; }
  const std::shared_ptr<const PreparedModel>& prepared() const { return model_; }
  const ModelConfig& config() const { return model_->config; }
  const Calibration& calibration() const { return trained_->folder.calibration(); }
  const std::string& device_name() const { return device_name_; }
  /// The fastest precision of the device that keeps at least the share `label_agreement` of the
  /// labels, as far as training measured that; fp32 where none does. The reason says so.
  PrecisionChoice automatic_precision(double label_agreement) const;
  Precision precision() const { return precision_; }
  int threads() const { return static_cast<int>(replicas_.size()); }

 private:
  void tokenize(std::span<const std::string_view> texts, TokenizedTexts& out);
  /// A range of a call's texts, queued or taken by a worker.
  struct Waiting {
    std::shared_ptr<PendingRankings::Job> job;
    SequenceRange range;
    int64_t tokens = 0;
    std::exception_ptr error = {};  // of its run
  };
  std::list<Waiting> take_waiting();
  void run_waiting(Replica& replica);
  static void run_parts(Replica& replica, std::list<Waiting>& parts);

  HomeProcess home_;
  std::shared_ptr<const TrainedModel> trained_;
  Precision precision_;
  std::shared_ptr<const PreparedModel> model_;
  std::vector<std::unique_ptr<Replica>> replicas_;  // by worker
  std::string device_name_;
  WorkSizes work_sizes_;
  std::vector<PrecisionChoice> fast_precisions_;
  PrecisionChoice plain_precision_;
  Stopwatch tokenizer_time_;
  Stopwatch encoder_time_;
  std::atomic<int64_t> tokens_waiting_{0};  // of started calls, not yet done
  std::mutex queue_;                        // guards the two below
  std::list<Waiting> waiting_;              // a list: moving a part to a worker allocates nothing
  int running_ = 0;                         // busy workers
  std::mutex warm_up_;
  std::mutex now_;                        // held while now_replica_ runs
  std::unique_ptr<Replica> now_replica_;  // for calling threads; null where it would not help
  ThreadPool pool_;                       // last: destroyed before the members its threads use
};

}  // namespace fastintent
