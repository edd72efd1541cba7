#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "model/model_weights.h"
#include "train/optimizer.h"

namespace fastintent {

/// Progress of a fit: all state needed to continue it, except weights and moments.
struct FitProgress {
  bool refitting = false;  // on all rows, after the search for the best epoch
  int refit_epochs = 0;    // while refitting: number of epochs of the refit
  bool trained = false;    // no epoch is left: the weights only have to be saved as a model
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
  int64_t overflows = 0;         // steps repeated with a smaller scale
};

/// The folder `<output>.training` of a run (inside an output that has no place beside it; see
/// companion()): the best weights so far, and the state from which the run continues. It is removed
/// when the run is complete; files that the run did not write are never removed.
///
/// Of several processes that train together each has one: `<output>.training`,
/// `<output>.training.1`, ... A process begins to save a state only when all have saved the one
/// before, but they may be killed when only some have the newest. So each keeps its last two.
class TrainingFolder {
 public:
  explicit TrainingFolder(const std::filesystem::path& output, int rank = 0, int processes = 1);

  bool has_state() const;
  /// Whether there is anything that a run learnt: a state, or only the best weights of a run that
  /// could not save its state.
  bool has_results() const;
  /// Creates the folder; without `keep_best`, removes the files of an earlier run. Throws
  /// cannot_create, also when the folder is a link or holds unrelated files.
  void create(bool keep_best);
  /// Removes the run's files, and the folder if it is then empty.
  void remove();

  /// Here and below, weights are in the backend's memory.
  void save_best(Backend& backend, const OwnedWeights& weights);
  void load_best(Backend& backend, const OwnedWeights& weights);

  /// Saves the complete state or, when it fails or the process dies, keeps the previous one; one of
  /// several processes keeps that in any case. `fingerprint` identifies the run's settings and data.
  void save_state(const std::string& fingerprint,
                  const FitProgress& progress,
                  Backend& backend,
                  const OwnedWeights& weights,
                  const OptimizerState& optimizer);
  /// The same for a moment between two fits, or before the model is saved: no step needs moments.
  /// With `weights`, these are saved; else only the best weights are needed.
  void save_state(const std::string& fingerprint,
                  const FitProgress& progress,
                  Backend& backend,
                  const OwnedWeights* weights);
  /// Throws invalid_argument when the state belongs to another run, bad_checkpoint when it is
  /// damaged.
  FitProgress load_progress(const std::string& fingerprint) const;
  /// The same of the state before, if it is kept.
  std::optional<FitProgress> load_previous_progress(const std::string& fingerprint) const;
  /// Removes the state, so that the one before, which must be kept, is current. Throws io_error when
  /// it cannot be removed.
  void return_to_previous();
  void load_state(Backend& backend, const OwnedWeights& weights, OptimizerState& optimizer) const;
  /// The weights of a state without moments.
  void load_weights(Backend& backend, const OwnedWeights& weights) const;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path state() const { return path_ / "state"; }
  std::filesystem::path previous() const { return path_ / "previous"; }
  std::filesystem::path current() const;
  void keep_previous() const;
  std::filesystem::path best() const { return path_ / "best.safetensors"; }

  std::filesystem::path path_;
  bool keeps_previous_;
};

}  // namespace fastintent
