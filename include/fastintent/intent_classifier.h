#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "fastintent/dataset.h"
#include "fastintent/evaluation.h"
#include "fastintent/options.h"
#include "fastintent/prediction.h"
#include "fastintent/prediction_stream.h"
#include "fastintent/prediction_ticket.h"
#include "fastintent/reports.h"
#include "fastintent/trainer.h"

namespace fastintent {

/// Options of one call of a prediction function.
struct PredictOptions {
  bool use_cache = true;  ///< no effect unless the cache is enabled
  int batch_size = 0;     ///< texts per batch; 0: the classifier's
  int top_k = 5;          ///< alternatives after the winner (fewer where there are fewer classes)
  bool with_logits = false;  ///< fill IntentPrediction::logits; such answers are not cached
  /// Of predict_batch and predict_async: a blank text yields a prediction with `error` set, as in a
  /// stream, and no exception.
  bool errors_in_place = false;
  /// Texts that no worker has begun by then are not computed: the call fails with
  /// deadline_exceeded. Cached predictions are found at any time.
  std::optional<std::chrono::steady_clock::time_point> deadline = {};
  /// Called about ten times per second on the calling thread, with the number of texts done and of
  /// all texts (0 if unknown). Returning false stops the call with `interrupted`. predict_batch
  /// calls it once more at its end.
  std::function<bool(int64_t done, int64_t total)> on_progress = {};
};

/// A range whose elements are texts.
template <typename R>
concept TextRange = std::ranges::input_range<R> &&
                    std::is_convertible_v<std::ranges::range_reference_t<R>, std::string_view>;

/// Intent classifier: predicts ranked intents with probabilities for texts, and fine-tunes models.
///
/// Reads a folder saved by this class, by transformers (BertForSequenceClassification,
/// DistilBertForSequenceClassification) or by sentence-transformers (Transformer, Pooling, Dense).
///
/// A text's scores are bit-identical alone, in any batch, in a stream, from the cache and with any
/// number of workers (same device, precision, instruction set and build).
///
/// Safe to call from many threads; calls share the workers. train() and optimize_for_inference()
/// prepare the new model while the old one keeps answering. A running call finishes with the model
/// it started with.
///
/// In a child made by fork(), a classifier on the processor works as before, with workers that its
/// first prediction starts there, and the same weights in shared memory; so do copies of its cache.
/// On GPUs it throws invalid_argument there, and so does a PredictionStream that was made before.
///
/// All functions but the constructor throw no_model if they need a trained model and there is none.
class IntentClassifier {
 public:
  /// Throws missing_input or bad_checkpoint when model_path cannot be read, device_missing when the
  /// device or GPU is absent, invalid_argument for an impossible option or a precision that the
  /// device lacks (both before anything is read).
  explicit IntentClassifier(const ClassifierOptions& options = {});
  ~IntentClassifier();
  /// Calls in progress on the source must have returned.
  IntentClassifier(IntentClassifier&&) noexcept;
  /// As the move constructor.
  IntentClassifier& operator=(IntentClassifier&&) noexcept;

  /// Throws invalid_data when `text` is blank (empty or only Unicode white space).
  IntentPrediction predict(std::string_view text, const PredictOptions& options = {});

  /// Predictions in the order of `texts`; repeated texts are computed once. Throws invalid_data
  /// with the index of a blank text, before any work, unless options.errors_in_place;
  /// out_of_resources when not even one text at a time fits into memory.
  std::vector<IntentPrediction> predict_batch(std::span<const std::string> texts,
                                              const PredictOptions& options = {});
  /// The same for views, whose texts must outlive the call.
  std::vector<IntentPrediction> predict_batch(std::span<const std::string_view> texts,
                                              const PredictOptions& options = {});

  /// Tokenises `texts`, queues them for the workers and returns; a worker then calls `on_done`,
  /// which should return soon, with the predictions that predict_batch would return or the error
  /// that it would throw. When no text needs the model, because all are cached or blank, `on_done`
  /// is called before this function returns.
  ///
  /// Throws, and does not call `on_done`: `overloaded` when the queue is full, see
  /// ClassifierOptions::max_queued_tokens; invalid_argument when `on_progress` is set; invalid_data
  /// as predict_batch does.
  [[nodiscard]] PredictionTicket predict_async(std::vector<std::string> texts,
                                               const PredictOptions& options,
                                               OnPredictions on_done);

  /// Reads texts from `next` and returns predictions batch by batch; see PredictionStream.
  PredictionStream predict_batch_streaming(TextSource next, const PredictOptions& options = {});

  /// The same for any range of texts: a container, which must outlive the stream, or a view or
  /// generator, which is moved into it. The length of the range is not needed.
  template <TextRange R>
  PredictionStream predict_batch_streaming(R&& texts, const PredictOptions& options = {}) {
    auto range = std::make_shared<std::views::all_t<R>>(std::views::all(std::forward<R>(texts)));
    auto at = std::make_shared<std::optional<std::ranges::iterator_t<std::views::all_t<R>>>>();
    return predict_batch_streaming(TextSource([range, at](std::string& text) {
                                     if (at->has_value()) {
                                       ++**at;
                                     } else {
                                       at->emplace(std::ranges::begin(*range));
                                     }
                                     if (**at == std::ranges::end(*range)) {
                                       return false;
                                     }
                                     text = std::string_view(***at);
                                     return true;
                                   }),
                                   options);
  }

  /// Compiles the kernels for every length of text and sizes every worker's buffers, so that the
  /// first prediction afterwards is as fast as the hundredth; then predicts `sample_texts`.
  /// `should_stop`, which may be empty, is called about ten times per second on the calling thread;
  /// returning true stops the call with `interrupted`. The next two functions use theirs in the same
  /// way.
  void warm_up(std::span<const std::string> sample_texts = {},
               const std::function<bool()>& should_stop = {});

  /// Prepares the model in `precision`; `automatic` is automatic_precision(). Compares the
  /// labels of `sample_texts` (default: built-in samples) before and after. Empties the cache when
  /// the precision changes. Throws invalid_argument for a precision that the device lacks.
  OptimizationReport optimize_for_inference(Precision precision = Precision::automatic,
                                            std::span<const std::string> sample_texts = {},
                                            const std::function<bool()>& should_stop = {});

  /// The fastest precision of this device that keeps the share ClassifierOptions::label_agreement of
  /// the labels, as training measured on its validation rows, and the reason. The choice depends only
  /// on the device's features and the folder, so every process makes the same one.
  PrecisionChoice automatic_precision() const;

  /// Measures single, batch, streaming and cached prediction of `sample_texts` (default: built-in
  /// samples), `num_iterations` calls each after a warm-up. The classifier's cache is not used.
  PerformanceReport benchmark_performance(std::span<const std::string> sample_texts = {},
                                          int num_iterations = 100,
                                          const std::function<bool()>& should_stop = {});

  /// Returns the memory of the GPUs in use, all together; gpu_available is false without one.
  GpuMemoryStats get_gpu_memory_stats() const;
  void empty_gpu_cache();  ///< returns memory kept for later use to the driver

  /// Returns what was predicted so far, and what is queued.
  PredictionCounters get_prediction_counters() const;

  /// Returns the cache's size, hits and misses.
  CacheStats get_cache_stats() const;
  void clear_cache();  ///< removes every remembered prediction

  /// Fine-tunes a model, then predicts with it. An empty `options.base_model` means the model in
  /// use or, if there is none, model_name. An empty `options.output` means a temporary folder that
  /// exists as long as the model is in use: call save() to keep the model; an interrupted run
  /// cannot be resumed. Of several processes that train together, only process 0 uses the trained
  /// model. `options.device`, `options.gpu` and `options.threads` are replaced by the classifier's.
  /// The folder of the model in use must still have that model, else train() throws io_error.
  /// Calls of train() and optimize_for_inference() run one at a time; a call from `callbacks`
  /// throws invalid_argument. Throws as Trainer::train and find_model do.
  TrainingReport train(const LabelledTexts& training,
                       const LabelledTexts* validation = nullptr,
                       TrainingOptions options = {},
                       const TrainingCallbacks& callbacks = {});

  /// Predicts the texts of `data` and measures the answers. `on_progress` as in PredictOptions.
  Evaluation evaluate(const LabelledTexts& data,
                      const std::function<bool(int64_t done, int64_t total)>& on_progress = {});

  /// Writes the model in use as a Hugging Face folder, in 32 bits: with the files of the folder it
  /// was loaded from, even if that has been replaced or removed since. Throws cannot_create when
  /// `path` is in use and `overwrite` is off; io_error when something wrote to the folder's weights
  /// since they were loaded.
  void save(const std::filesystem::path& path, bool overwrite = false) const;

  int batch_size() const;  ///< texts per batch
  /// Throws invalid_argument unless positive.
  void set_batch_size(int batch_size);
  bool enable_cache() const;           ///< whether predictions are remembered
  void set_enable_cache(bool enable);  ///< off: also empties the cache
  /// Predictions with a lower confidence have needs_review set; nullopt: no threshold.
  std::optional<double> review_threshold() const;
  void set_review_threshold(std::optional<double> threshold);  ///< nullopt: the model's own

  /// Identifies the model in use by its content: 16 hexadecimal digits, the same for a copy of the
  /// folder. Precision and options do not count. Reads all weights of the folder it was loaded from;
  /// throws io_error when something wrote to them since.
  std::string fingerprint() const;

  bool is_loaded() const;                    ///< whether there is a trained model
  std::vector<std::string> intents() const;  ///< id2label order
  int max_length() const;                    ///< most tokens per text
  double temperature() const;                ///< logits are divided by it before the softmax
  Precision precision() const;               ///< in which matrices are multiplied
  int threads() const;                       ///< number of workers
  std::string device_name() const;           ///< "cpu (avx512)"
  std::string description() const;           ///< family, sizes and head, for people

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace fastintent
