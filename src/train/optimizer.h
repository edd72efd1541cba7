#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "model/prepared_model.h"
#include "train/fit_settings.h"
#include "train/gradient_workers.h"

namespace fastintent {

/// AdamW's state between steps; always saved and restored together.
struct OptimizerState {
  Buffer first_moment;  // in the layout of the weights' flat memory
  Buffer second_moment;
  Buffer word_first_moment;  // [vocabulary,H]
  Buffer word_second_moment;
  std::vector<int32_t> word_steps;     // last step of each row of the word table
  std::vector<AdamwRates> word_rates;  // of every step so far
};

/// AdamW over a model's weights, spread over the workers; refreshes the prepared weights in the
/// same pass. Rows of the word table that a step does not use replay the missed steps when they are
/// next used (Backend::adamw_step_rows), with the same result.
class Optimizer {
 public:
  /// `model` was prepared from `weights` for training; both must outlive this.
  Optimizer(ThreadPool& pool,
            GradientWorkers& workers,
            const FitSettings& settings,
            const OwnedWeights& weights,
            const PreparedModel& model);

  /// Applies the workers' last gradient as step `step` (from 1) at `share` of the peak learning
  /// rates, where the gradient is `loss_scale` times that of `gradient_norm`.
  void step(int64_t step, double share, double gradient_norm, double loss_scale = 1);

  /// Updates every row of the word table to the current step, before evaluation and saving.
  void catch_up();

  /// Saved and loaded by TrainingFolder; after loading, call the next two functions.
  OptimizerState& state() { return state_; }
  /// Recomputes the rates of steps 1 to `steps`. share_of(step) is the schedule.
  void restore_rates(int64_t steps, const std::function<double(int64_t)>& share_of);
  /// Copies loaded weights to the prepared model.
  void refresh_weights();

 private:
  /// One worker's rows of a tensor.
  struct Part {
    size_t offset = 0;  // into the flat memory
    size_t size = 0;
    double learning_rate = 0;
    bool decays = false;
    PreparedWeight* prepared = nullptr;  // null: a vector or table
    int64_t first_row = 0;
    int64_t rows = 0;
  };

  void deal_out(const PreparedModel& model);
  /// Rows of one tensor, all of which are rows of `prepared`, if it is not null.
  void deal_out(const NamedTensor& named, const Tensor& rows, const WeightToRefresh* prepared);
  double peak_learning_rate(int depth) const;
  /// The common input of all tensors' rates in a step.
  struct StepScale {
    int64_t step = 0;
    double share = 0;
    double norm = 0;
    double loss_scale = 1;
  };
  AdamwRates rates(const StepScale& step, double peak, bool decays) const;
  void update_parts(size_t worker, const StepScale& step);
  void update_rows(size_t worker, std::span<const int32_t> rows, const ConstTensor& gradient);

  ThreadPool& pool_;
  GradientWorkers& workers_;
  const FitSettings& settings_;
  const OwnedWeights& weights_;
  int layers_;
  std::vector<std::vector<Part>> parts_;  // by worker
  OptimizerState state_;
};

}  // namespace fastintent
