#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "batch/packed_batch.h"
#include "batch/token_budget.h"
#include "compute/backend.h"
#include "compute/process_group.h"
#include "model/activations.h"
#include "model/dropout_plan.h"
#include "model/prepared_model.h"
#include "train/encoded_dataset.h"

namespace fastintent {

/// Results of one step's forward and backward pass.
struct StepGradient {
  double loss = 0;  // mean over the step's examples
  double norm = 0;  // Euclidean, of all gradients
};

/// How a step's loss is computed; the first two members are documented at CrossEntropy.
struct StepLoss {
  float label_smoothing = 0;
  std::span<const float> class_weights;
  double scale = 1;  // of the gradients, not of the values in StepGradient
};

/// Data-parallel forward, loss and backward of a step: every worker runs its share of the step's
/// texts on its own backend into its own gradients. These are then summed in the order of the
/// workers, and over the processes of the group.
class GradientWorkers {
 public:
  using BackendFactory = std::function<std::unique_ptr<Backend>()>;

  /// `group` must outlive this; null: only this process.
  GradientWorkers(ThreadPool& pool,
                  const BackendFactory& create_backend,
                  const ModelConfig& config,
                  ProcessGroup* group = nullptr);

  /// Computes gradients of the mean loss over `examples` of `data`, summed over all processes.
  StepGradient run(const PreparedModel& model,
                   const EncodedDataset& data,
                   std::span<const int64_t> examples,
                   const StepLoss& loss,
                   const DropoutPlan& dropout);

  /// The last run's gradient: all but the word table in contiguous memory, in the layout of
  /// allocate_weights.
  std::span<const float> flat() const {
    return {shares_.front()->gradients.flat.data(), static_cast<size_t>(flat_size_)};
  }
  /// The distinct word pieces of the last run, and the gradients of their rows [U,H].
  std::span<const int32_t> word_rows() const { return word_rows_; }
  ConstTensor word_gradient() const { return shares_.front()->gradients.weights.encoder.word; }

  Backend& backend(int worker) { return *shares_[static_cast<size_t>(worker)]->backend; }
  const ModelWeights& gradients() const { return shares_.front()->gradients.weights; }

 private:
  struct Share {
    std::unique_ptr<Backend> backend;
    std::unique_ptr<Activations> activations;
    OwnedWeights gradients;
    Buffer word;  // [U,H], grown as needed
    PackedBatch batch;
    bool filled = false;  // whether the batch has fillers, so that its pass may be recorded
    std::vector<int32_t> labels;
    std::vector<float> losses;
    std::vector<int32_t> slots;
    std::vector<int64_t> examples;
    double loss = 0;
    double squared_norm = 0;
  };
  struct Step;

  void collect_words(const EncodedDataset& data, std::span<const int64_t> examples);
  void deal_out(const EncodedDataset& data, std::span<const int64_t> examples);
  void run_share(Share& share, size_t worker, const Step& step);
  void pack(Share& share, const SequenceRange& range, const Step& step) const;
  void run_pass(Share& share, const Step& step, uint64_t dropout_seed, Tensor word, Write write);
  void sum_shares(size_t busy, size_t worker);
  void sum_over_group();

  ThreadPool& pool_;
  ModelConfig config_;
  SingleProcess alone_;
  ProcessGroup& group_;
  int64_t flat_size_ = 0;
  std::vector<std::unique_ptr<Share>> shares_;  // by worker
  std::vector<int32_t> word_rows_;
  std::vector<int32_t> slot_of_;  // by word piece; -1 outside a step
};

}  // namespace fastintent
