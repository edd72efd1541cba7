#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fastintent/trainer.h"
#include "train/encoded_dataset.h"
#include "train/fit_settings.h"
#include "train/gradient_workers.h"
#include "train/loss_scale.h"
#include "train/optimizer.h"
#include "train/training_folder.h"
#include "train/validation.h"

namespace fastintent {

/// One fit: runs epochs of steps over a training set, starting from the current weights; evaluates
/// after each epoch if there is a validation set, keeps the best epoch's weights in `folder`, and
/// stops early. The state is saved after an epoch and every few minutes, so that a process that is
/// killed loses no more than that; see state_is_due().
class Fit {
 public:
  /// Trains `weights` in place, with the other processes of `group`; all references must outlive
  /// this.
  Fit(ThreadPool& pool,
      const GradientWorkers::BackendFactory& create_backend,
      const ModelConfig& config,
      const FitSettings& settings,
      const OwnedWeights& weights,
      const TrainingCallbacks& callbacks,
      ProcessGroup& group);

  /// Runs from `progress` (a fresh one, or that of an interrupted run) to the end. `validation` may
  /// be null: then every epoch runs and the last is the best. Afterwards `weights` are those of the
  /// best epoch.
  ///
  /// Throws interrupted, with the complete state saved under `fingerprint`, when a callback of any
  /// process requests a stop, after a step or within a second or two of a validation;
  /// invalid_argument when the loss is no longer a number. A state that cannot be saved at another
  /// time is a message.
  FitProgress run(const EncodedDataset& training,
                  const EncodedDataset* validation,
                  FitProgress progress,
                  TrainingFolder& folder,
                  const std::string& fingerprint);

  /// Logits [examples][intents] of the best epoch on the `validation` set of run().
  const std::vector<std::vector<float>>& best_logits() const { return best_logits_; }

  /// Logits of the current weights, in the precision in which they are saved. Throws interrupted when
  /// a callback of any process requests a stop.
  std::vector<std::vector<float>> logits(const EncodedDataset& data);

 private:
  using Clock = std::chrono::steady_clock;
  struct Run;
  struct Requests;

  StepGradient gradient_of(const Run& run, int64_t step, std::span<const int64_t> examples);
  void run_step(Run& run, std::span<const int64_t> examples);
  void run_epoch(Run& run);
  void finish_epoch(Run& run);
  bool continues(const FitProgress& progress) const;
  EpochReport measure_epoch(Run& run);
  [[noreturn]] void stop(Run& run);
  std::optional<std::vector<std::vector<float>>> try_logits(const EncodedDataset& data);
  Requests requests();
  void save_state(Run& run);
  void save_stopped(Run& run);
  void try_to_save_state(Run& run);
  bool state_is_due(bool epoch_is_done) const;

  ModelConfig config_;
  const FitSettings& settings_;
  const OwnedWeights& weights_;
  const TrainingCallbacks& callbacks_;
  ProcessGroup& group_;
  GradientWorkers workers_;
  LossScale loss_scale_;
  PreparedModel model_;             // in the training precision
  PreparedModel evaluation_model_;  // in fp32, over the same weights, as they will be saved
  Optimizer optimizer_;
  Validation validation_;
  std::vector<std::vector<float>> best_logits_;
  Clock::time_point last_save_;  // of the state; at first, when this was made
  Clock::duration save_time_{};  // that the last one took
};

}  // namespace fastintent
