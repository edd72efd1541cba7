#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fastintent/options.h"
#include "fastintent/prediction.h"

namespace fastintent {

struct ClassifierOptions {
  std::filesystem::path model_path;   ///< a trained folder, loaded by the constructor
  int batch_size = 32;                ///< texts taken together by streaming prediction
  Device device = Device::automatic;  ///< where the encoder runs
  int threads = 0;                    ///< workers; 0: one for each core this process may use
  int max_length = 0;  ///< tokens a text, special ones included; 0: what training used
  /// Below this confidence (0 to 1) a prediction is flagged; replaces the folder's.
  std::optional<double> review_threshold;
};

struct PredictOptions {
  int top_k = 5;  ///< alternatives after the winner (fewer where there are fewer classes)
  bool with_logits = false;  ///< fill IntentPrediction::logits
};

/// A trained intent classifier: texts in, ranked intents with probabilities out.
///
/// Reads a folder saved by Trainer, by transformers (BertForSequenceClassification,
/// DistilBertForSequenceClassification) or by sentence-transformers (Transformer, Pooling, Dense).
///
/// A text's scores are bit-identical alone, in any batch and with any number of workers (same
/// device, instruction set and build). Safe to call from many threads: calls wait for each other.
class IntentClassifier {
 public:
  /// Throws missing_input or bad_checkpoint when the folder cannot be read, device_missing when the
  /// device is absent, invalid_argument for an impossible option.
  explicit IntentClassifier(const ClassifierOptions& options);
  ~IntentClassifier();
  IntentClassifier(IntentClassifier&&) noexcept;
  IntentClassifier& operator=(IntentClassifier&&) noexcept;

  /// Throws invalid_data when `text` is blank (empty or only Unicode white space).
  IntentPrediction predict(std::string_view text, const PredictOptions& options = {});

  /// Predictions in the order of `texts`. Throws invalid_data, naming the index, when a text is
  /// blank.
  std::vector<IntentPrediction> predict_batch(std::span<const std::string> texts,
                                              const PredictOptions& options = {});

  /// Takes texts from `next` (false at the end) and gives predictions to `sink` in order,
  /// batch_size at a time, in constant memory. A blank text gives a prediction with `error` set.
  /// `sink` stops the stream by returning false. An exception of `next` reaches the caller after
  /// the batches before it.
  void predict_batch_streaming(
      const std::function<bool(std::string& text)>& next,
      const std::function<bool(std::span<const std::string> texts,
                               std::span<const IntentPrediction> predictions)>& sink,
      const PredictOptions& options = {});

  const std::vector<std::string>& intents() const;  ///< id2label order
  int max_length() const;
  double temperature() const;  ///< the folder's: confidence is softmax(logits / temperature)
  std::optional<double> review_threshold() const;  ///< in use: the option's, else the folder's
  std::string device_name() const;                 ///< "cpu (avx512)"
  std::string description() const;                 ///< family, sizes and head, for people

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace fastintent
