#pragma once

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
#include "fastintent/reports.h"
#include "fastintent/trainer.h"

namespace fastintent {

/// What an IntentClassifier loads, and how it predicts.
struct ClassifierOptions {
  /// What train() starts from: a Hugging Face folder, or the id of one (see hub.h). Nothing is
  /// looked up before.
  std::string model_name = "bert-base-uncased";
  std::filesystem::path model_path =
      {};                             ///< a trained folder, loaded by the constructor; may be empty
  int batch_size = 32;                ///< texts taken together; does not change the answers
  bool enable_cache = true;           ///< remember predictions by text
  int64_t cache_size = 1000;          ///< most predictions remembered
  int64_t cache_bytes = 64 << 20;     ///< most memory for them
  Device device = Device::automatic;  ///< where the encoder runs
  /// With Device::cuda: the one GPU to use, by its number; none: prediction is spread over all
  /// there are, training takes the first.
  std::optional<int> gpu = {};
  /// `automatic` is that of a prepared folder (quantize.h) where the device has it, its fastest
  /// where not; for other folders fp32 until optimize_for_inference() chooses.
  Precision precision = Precision::automatic;
  /// Workers; 0: one for each core this process may use, or as many as keep the GPUs busy, which
  /// have at least one each.
  int threads = 0;
  int max_length = 0;  ///< tokens a text, special ones included; 0: what training used
  /// Replaces the folder's own: a prediction with a lower confidence is flagged `needs_review`.
  std::optional<double> review_threshold = {};
  /// Called with a sentence when a model was loaded: which, where it runs, in which precision.
  std::function<void(const std::string&)> log = {};
};

/// What one call of a prediction function may choose.
struct PredictOptions {
  bool use_cache = true;  ///< where the cache is enabled
  int batch_size = 0;     ///< texts taken together; 0: the classifier's
  int top_k = 5;          ///< alternatives after the winner (fewer where there are fewer classes)
  bool with_logits = false;  ///< fill IntentPrediction::logits; such answers are not cached
  /// Called about ten times a second on the calling thread, with the texts done and all of them (0
  /// where that is not known). False stops the call with `interrupted`. predict_batch calls it once
  /// more at its end.
  std::function<bool(int64_t done, int64_t total)> on_progress = {};
};

/// A range whose elements are texts.
template <typename R>
concept TextRange = std::ranges::input_range<R> &&
                    std::is_convertible_v<std::ranges::range_reference_t<R>, std::string_view>;

/// An intent classifier: texts in, ranked intents with probabilities out; fine-tunes, too.
///
/// Reads a folder saved by itself, by transformers (BertForSequenceClassification,
/// DistilBertForSequenceClassification) or by sentence-transformers (Transformer, Pooling, Dense).
///
/// A text's scores are bit-identical alone, in any batch, in a stream, from the cache and with any
/// number of workers (same device, precision, instruction set and build).
///
/// Safe to call from many threads: calls share the workers. train() and optimize_for_inference()
/// prepare the new model beside the old one, which answers until it is replaced; a call that has
/// begun ends with the model it began with.
///
/// All but the constructor throw no_model where they need a trained model and there is none yet.
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

  /// Predictions in the order of `texts`; a text that stands twice is computed once. Throws
  /// invalid_data, naming the index, when a text is blank, before any work; out_of_resources when
  /// not even one text at a time fits into memory.
  std::vector<IntentPrediction> predict_batch(std::span<const std::string> texts,
                                              const PredictOptions& options = {});
  /// The same for views, whose texts must outlive the call.
  std::vector<IntentPrediction> predict_batch(std::span<const std::string_view> texts,
                                              const PredictOptions& options = {});

  /// Takes texts from `next` and gives predictions batch by batch; see PredictionStream.
  PredictionStream predict_batch_streaming(TextSource next, const PredictOptions& options = {});

  /// The same for any range of texts: a container, which must outlive the stream, or a view or
  /// generator, which moves into it. Its length is never asked.
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
  void warm_up(std::span<const std::string> sample_texts = {});

  /// Prepares the model in the fastest precision for this device, or in the one that is named. The
  /// choice follows from the device's features alone, so that every process chooses alike. Compares
  /// the labels of `sample_texts` (by default, some of our own) before and after. Empties the cache
  /// when the precision changes. Throws invalid_argument for a precision that the device lacks.
  OptimizationReport optimize_for_inference(Precision precision = Precision::automatic,
                                            std::span<const std::string> sample_texts = {});

  /// Measures single, batch, streaming and cached prediction of `sample_texts` (by default, some of
  /// our own), `num_iterations` calls each, warmed up. The classifier's own cache is not used.
  PerformanceReport benchmark_performance(std::span<const std::string> sample_texts = {},
                                          int num_iterations = 100);

  /// Returns the memory of the GPUs in use, all together; gpu_available is false without one.
  GpuMemoryStats get_gpu_memory_stats() const;
  void empty_gpu_cache();  ///< gives memory kept for later use back to the driver

  /// Returns how full the cache is, and how often it was hit.
  CacheStats get_cache_stats() const;
  void clear_cache();  ///< removes every remembered prediction

  /// Fine-tunes and then uses the trained model. `options.base_model`, when empty, is the model in
  /// use, else model_name. `options.output`, when empty, is a temporary folder that lives as long
  /// as the model is in use: save() keeps it, and an interrupted run cannot be resumed. Of several
  /// processes that train together, only process 0 uses the trained model.
  /// `options.device`, `options.gpu` and `options.threads` are the classifier's. One at a time,
  /// with optimize_for_inference: invalid_argument when called from `callbacks`. Throws as
  /// Trainer::train and find_model do.
  TrainingReport train(const LabelledTexts& training,
                       const LabelledTexts* validation = nullptr,
                       TrainingOptions options = {},
                       const TrainingCallbacks& callbacks = {});

  /// Predicts the texts of `data` and measures the answers. `on_progress` as in PredictOptions.
  Evaluation evaluate(const LabelledTexts& data,
                      const std::function<bool(int64_t done, int64_t total)>& on_progress = {});

  /// Writes the model in use as a Hugging Face folder, in 32 bits. Throws cannot_create when
  /// `path` is in use and `overwrite` is off.
  void save(const std::filesystem::path& path, bool overwrite = false) const;

  int batch_size() const;  ///< texts taken together
  /// Throws invalid_argument unless positive.
  void set_batch_size(int batch_size);
  bool enable_cache() const;           ///< whether predictions are remembered
  void set_enable_cache(bool enable);  ///< off: also empties the cache
  /// Predictions below it have needs_review set; nullopt without one.
  std::optional<double> review_threshold() const;
  void set_review_threshold(std::optional<double> threshold);  ///< nullopt: the model's own

  bool is_loaded() const;                    ///< whether there is a trained model
  std::vector<std::string> intents() const;  ///< id2label order
  int max_length() const;                    ///< tokens a text
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
