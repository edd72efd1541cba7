#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "predict/pending_rankings.h"
#include "predict/rankings.h"
#include "predict/replica.h"
#include "predict/stopwatch.h"
#include "predict/trained_model.h"
#include "predict/work_queue.h"

namespace fastintent {

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
  /// `create_backend` creates the backend of every worker of `queue`, all of one kind; `precision`
  /// must not be automatic.
  /// `prepared`, if not null, is that of another predictor with the same model and precision, on
  /// the processor.
  Predictor(std::shared_ptr<const TrainedModel> trained,
            const BackendFactory& create_backend,
            Precision precision,
            std::shared_ptr<WorkQueue> queue,
            std::shared_ptr<const PreparedModel> prepared = nullptr);
  /// Texts in flight keep what they need of it.
  ~Predictor();

  /// Tokenises `texts` and queues them for the workers; the texts need not exist afterwards. Throws
  /// as WorkQueue::submit.
  PendingRankings start(std::span<const std::string_view> texts,
                        RankingRequest request,
                        Schedule schedule = {});
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
  bool is_of_this_process() const { return queue_->is_of_this_process(); }

  PredictorTimes times() const;
  const std::shared_ptr<const TrainedModel>& trained() const { return trained_; }
  const std::shared_ptr<const PreparedModel>& prepared() const { return model_; }
  const std::shared_ptr<WorkQueue>& queue() const { return queue_; }
  const ModelConfig& config() const { return model_->config; }
  const Calibration& calibration() const { return trained_->folder.calibration(); }
  const std::string& device_name() const { return device_name_; }
  /// The fastest precision of the device that keeps at least the share `label_agreement` of the
  /// labels, as far as training measured that; fp32 where none does. The reason says so.
  PrecisionChoice automatic_precision(double label_agreement) const;
  Precision precision() const { return precision_; }
  int threads() const { return queue_->workers(); }
  /// Tokens a second of its workers since it was made, while at least one ran; 0 before the first.
  double tokens_per_second() const;

 private:
  void tokenize(std::span<const std::string_view> texts, TokenizedTexts& out);

  std::shared_ptr<WorkQueue> queue_;
  std::shared_ptr<const TrainedModel> trained_;
  Precision precision_;
  std::shared_ptr<const PreparedModel> model_;
  std::shared_ptr<ModelReplicas> replicas_;
  std::string device_name_;
  WorkSizes work_sizes_;
  std::vector<PrecisionChoice> fast_precisions_;
  PrecisionChoice plain_precision_;
  Stopwatch tokenizer_time_;
  std::mutex warm_up_;
  std::mutex now_;                        // held while now_replica_ runs
  std::unique_ptr<Replica> now_replica_;  // for calling threads; null where it would not help
};

}  // namespace fastintent
