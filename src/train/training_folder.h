#pragma once

#include <filesystem>
#include <string>

#include "model/model_weights.h"
#include "train/optimizer.h"

namespace fastintent {

/// Where a fit stands: everything but weights and moments that decides how it goes on.
struct FitProgress {
  bool refitting = false;  // on all rows, after the search for the best epoch
  int refit_epochs = 0;    // while refitting: how many
  int epoch = 0;           // epochs done
  int64_t step = 0;        // optimizer steps done
  int64_t step_in_epoch = 0;
  double epoch_loss = 0;     // sum over the running epoch's examples
  double epoch_seconds = 0;  // of the running epoch's steps
  double seconds = 0;        // of all steps of the fit
  int64_t examples = 0;      // of all steps of the fit
  int best_epoch = 0;
  double best_accuracy = -1;
  double best_loss = 0;
  double loss_scale = 1;         // see LossScale
  int64_t loss_scale_steps = 0;  // since it last changed
  int64_t overflows = 0;         // steps done again with a smaller scale
};

/// The folder `<output>.training` beside a run's output: the best weights so far, and after an
/// interruption the whole state. It goes when the run is complete. Only files of its own are ever
/// removed. Of several processes that train together each has one: `<output>.training`,
/// `<output>.training.1`, ...
class TrainingFolder {
 public:
  explicit TrainingFolder(const std::filesystem::path& output, int rank = 0);

  bool has_state() const;
  /// Makes the folder, without what an earlier run left in it. Throws cannot_create, also when
  /// there are files of somebody else.
  void create();
  /// Removes its own files, and the folder when nothing else is in it.
  void remove();

  /// Of weights in the backend's memory, as all below.
  void save_best(Backend& backend, const OwnedWeights& weights);
  void load_best(Backend& backend, const OwnedWeights& weights);

  /// Saves all or, when it fails or the process dies, leaves the state that was there.
  /// `fingerprint` stands for the run's settings and data.
  void save_state(const std::string& fingerprint,
                  const FitProgress& progress,
                  Backend& backend,
                  const OwnedWeights& weights,
                  const OptimizerState& optimizer);
  /// Throws invalid_argument when the state is of another run, bad_checkpoint when it is damaged.
  FitProgress load_progress(const std::string& fingerprint) const;
  void load_state(Backend& backend, const OwnedWeights& weights, OptimizerState& optimizer) const;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path state() const { return path_ / "state"; }
  std::filesystem::path best() const { return path_ / "best.safetensors"; }

  std::filesystem::path path_;
};

}  // namespace fastintent
