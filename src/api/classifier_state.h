#pragma once

#include <atomic>
#include <memory>

#include "api/one_at_a_time.h"
#include "api/prediction_context.h"
#include "base/fork.h"
#include "base/scratch_folder.h"
#include "devices/placement.h"
#include "fastintent/intent_classifier.h"
#include "predict/prediction_cache.h"
#include "predict/predictor.h"

namespace fastintent {

/// The model in use and the settings that may change at any time. Safe from many threads, and in a
/// child made by fork() while others use it.
class IntentClassifier::State {
  // Made before the cache, whose mutex is locked while this one is held. Guards predictor_ and
  // chosen_threshold_.
  mutable ForkSafeMutex mutex_;

 public:
  /// Throws invalid_argument for an impossible option, device_missing. Loads options.model_path, if
  /// any.
  explicit State(ClassifierOptions options);

  /// Loads `folder` and uses it from now on; for `scratch` see TrainedModel.
  void load(const std::filesystem::path& folder, std::shared_ptr<const ScratchFolder> scratch);

  /// Creates a predictor of `trained` on this classifier's device and workers. Throws
  /// invalid_argument for a precision that the device lacks.
  std::shared_ptr<Predictor> prepare(std::shared_ptr<const TrainedModel> trained,
                                     Precision precision) const;

  // In a child made by fork(), the next two first give the model new workers; on GPUs, which cannot
  // be used there, they throw invalid_argument.

  /// The model in use. Throws no_model.
  std::shared_ptr<Predictor> predictor();
  /// Returns the context of a call that begins now. Throws no_model, or invalid_argument for an
  /// impossible option.
  PredictionContext begin(const PredictOptions& options);

  /// Uses `predictor` from now on; empties the cache.
  void use(std::shared_ptr<Predictor> predictor);
  bool is_loaded() const;

  /// Returns the cached answer, if this call may use the cache and the cache has one.
  std::optional<IntentPrediction> find_cached(std::string_view text,
                                              const PredictOptions& options) const;

  std::optional<double> review_threshold() const;
  void set_review_threshold(std::optional<double> threshold);
  void set_batch_size(int batch_size);
  void set_enable_cache(bool enable);

  const ClassifierOptions options;  // as passed to the constructor
  const Placement placement;
  const std::shared_ptr<Workers> workers;
  const std::shared_ptr<PredictionCache> cache;
  const std::shared_ptr<PredictionTotals> totals = std::make_shared<PredictionTotals>();
  std::atomic<int> batch_size;
  std::atomic<bool> enable_cache;
  OneAtATime turns;  // of train() and optimize_for_inference()

 private:
  /// The precision of a folder when the options leave it `automatic`.
  Precision choose_precision(const TrainedModel& trained) const;
  std::shared_ptr<Predictor> require_predictor() const;  // under the mutex
  void replace_workers(const std::shared_ptr<Predictor>& parents);
  bool uses_cache(const PredictOptions& call) const;
  void update_threshold();

  std::shared_ptr<Predictor> predictor_;
  std::optional<double> chosen_threshold_;  // instead of the model's
  /// The effective threshold of both; negative: none. Read without the mutex for cached answers.
  std::atomic<double> review_threshold_{-1};
};

}  // namespace fastintent
