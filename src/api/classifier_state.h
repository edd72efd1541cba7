#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "api/prediction_context.h"
#include "base/scratch_folder.h"
#include "devices/placement.h"
#include "fastintent/error.h"
#include "fastintent/intent_classifier.h"
#include "predict/prediction_cache.h"
#include "predict/predictor.h"

namespace fastintent {

/// Runs one call at a time. A nested call on the same thread, as from a callback, would deadlock:
/// it throws invalid_argument instead.
class OneAtATime {
 public:
  class Turn {
   public:
    Turn(OneAtATime& turns, const char* operation) : turns_(turns) {
      if (turns_.owner_ == std::this_thread::get_id()) {
        throw Error(ErrorCode::invalid_argument,
                    std::string(operation) +
                        ": expected no call of train or optimize_for_inference under way on this "
                        "thread, found one; callbacks must not call them");
      }
      turns_.mutex_.lock();
      turns_.owner_ = std::this_thread::get_id();
    }
    ~Turn() {
      turns_.owner_ = std::thread::id();
      turns_.mutex_.unlock();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    OneAtATime& turns_;
  };

 private:
  std::mutex mutex_;
  std::atomic<std::thread::id> owner_;
};

/// The model in use and the settings that may change at any time. Safe from many threads.
class IntentClassifier::State {
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
  /// Uses `predictor` from now on; empties the cache.
  void use(std::shared_ptr<Predictor> predictor);

  /// The model in use. Throws no_model.
  std::shared_ptr<Predictor> predictor() const;
  bool is_loaded() const;

  /// Returns the context of a call that begins now. Throws no_model, or invalid_argument for an
  /// impossible option.
  PredictionContext begin(const PredictOptions& options) const;

  /// Returns the cached answer, if this call may use the cache and the cache has one.
  std::optional<IntentPrediction> find_cached(std::string_view text,
                                              const PredictOptions& options) const;

  std::optional<double> review_threshold() const;
  void set_review_threshold(std::optional<double> threshold);
  void set_batch_size(int batch_size);
  void set_enable_cache(bool enable);

  const ClassifierOptions options;  // as passed to the constructor
  const Placement placement;
  const std::shared_ptr<PredictionCache> cache;
  std::atomic<int> batch_size;
  std::atomic<bool> enable_cache;
  OneAtATime turns;  // of train() and optimize_for_inference()

 private:
  /// The precision of a folder when the options leave it `automatic`.
  Precision choose_precision(const TrainedModel& trained) const;
  std::shared_ptr<Predictor> require_predictor() const;  // under the mutex
  bool uses_cache(const PredictOptions& call) const;
  void update_threshold();

  mutable std::mutex mutex_;  // guards the next two members
  std::shared_ptr<Predictor> predictor_;
  std::optional<double> chosen_threshold_;  // instead of the model's
  /// The effective threshold of both; negative: none. Read without the mutex for cached answers.
  std::atomic<double> review_threshold_{-1};
};

}  // namespace fastintent
