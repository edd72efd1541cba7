#pragma once

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
/// stops early.
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
  /// process requests a stop; invalid_argument when the loss is no longer a number.
  FitProgress run(const EncodedDataset& training,
                  const EncodedDataset* validation,
                  FitProgress progress,
                  TrainingFolder& folder,
                  const std::string& fingerprint);

  /// Logits [examples][intents] of the best epoch on the `validation` set of run().
  const std::vector<std::vector<float>>& best_logits() const { return best_logits_; }

  /// Logits of the current weights, in the precision in which they are saved.
  std::vector<std::vector<float>> logits(const EncodedDataset& data);

 private:
  struct Run;

  StepGradient gradient_of(const Run& run, int64_t step, std::span<const int64_t> examples);
  void run_step(Run& run, std::span<const int64_t> examples);
  void run_epoch(Run& run);
  bool finish_epoch(Run& run);
  bool asked_to_stop();

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
};

}  // namespace fastintent
