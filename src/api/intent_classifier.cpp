#include "fastintent/intent_classifier.h"

#include <fmt/format.h>

#include <exception>
#include <mutex>

#include "fastintent/dataset.h"
#include "fastintent/error.h"
#include "predict/predictor.h"
#include "predict/rank_intents.h"

namespace fastintent {
namespace {

constexpr const char* kBlankText = "predict: expected a text, found a blank one";

const ClassifierOptions& checked(const ClassifierOptions& options) {
  const auto require = [](bool good, const char* name, const char* expected, double found) {
    if (good) return;
    throw Error(ErrorCode::invalid_argument,
                fmt::format("IntentClassifier: {}: expected {}, found {}", name, expected, found));
  };
  require(options.batch_size >= 1, "batch_size", "at least 1", options.batch_size);
  require(options.threads >= 0 && options.threads <= kMostWorkers,
          "threads",
          "0 to 1024",
          options.threads);
  require(options.max_length >= 0, "max_length", "0 or more", options.max_length);
  const double threshold = options.review_threshold.value_or(0);
  require(threshold >= 0 && threshold <= 1, "review_threshold", "0 to 1", threshold);
  return options;
}

}  // namespace

class IntentClassifier::State {
 public:
  explicit State(const ClassifierOptions& options)
      : batch_size(static_cast<size_t>(options.batch_size)),
        predictor_(options.model_path, options.device, options.threads, options.max_length),
        calibration_(predictor_.calibration()) {
    if (options.review_threshold) calibration_.review_threshold = options.review_threshold;
  }

  // None of the texts is blank.
  std::vector<IntentPrediction> predict(std::span<const std::string_view> texts,
                                        const PredictOptions& options) {
    if (options.top_k < 0) {
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("predict: top_k: expected 0 or more, found {}", options.top_k));
    }
    const std::lock_guard lock(mutex_);
    const TextLogits logits = predictor_.run(texts);
    const size_t C = intents().size();
    std::vector<IntentPrediction> predictions(texts.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      const auto row = std::span(logits.values).subspan(i * C, C);
      predictions[i] = rank_intents(row, intents(), options.top_k, calibration_.temperature);
      predictions[i].needs_review =
          predictions[i].confidence < calibration_.review_threshold.value_or(0);
      predictions[i].truncated = logits.truncated[i] != 0;
      if (options.with_logits) predictions[i].logits.assign(row.begin(), row.end());
    }
    return predictions;
  }

  const std::vector<std::string>& intents() const { return predictor_.config().intents; }
  const Predictor& predictor() const { return predictor_; }
  const Calibration& calibration() const { return calibration_; }

  const size_t batch_size;

 private:
  std::mutex mutex_;
  Predictor predictor_;
  Calibration calibration_;
};

IntentClassifier::IntentClassifier(const ClassifierOptions& options)
    : state_(std::make_unique<State>(checked(options))) {}
IntentClassifier::~IntentClassifier() = default;
IntentClassifier::IntentClassifier(IntentClassifier&&) noexcept = default;
IntentClassifier& IntentClassifier::operator=(IntentClassifier&&) noexcept = default;

IntentPrediction IntentClassifier::predict(std::string_view text, const PredictOptions& options) {
  if (is_blank(text)) throw Error(ErrorCode::invalid_data, kBlankText);
  return std::move(state_->predict(std::span(&text, 1), options).front());
}

std::vector<IntentPrediction> IntentClassifier::predict_batch(std::span<const std::string> texts,
                                                              const PredictOptions& options) {
  for (size_t i = 0; i < texts.size(); ++i) {
    if (is_blank(texts[i]))
      throw Error(ErrorCode::invalid_data, fmt::format("{} (index {})", kBlankText, i));
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  return state_->predict(views, options);
}

void IntentClassifier::predict_batch_streaming(
    const std::function<bool(std::string& text)>& next,
    const std::function<bool(std::span<const std::string> texts,
                             std::span<const IntentPrediction> predictions)>& sink,
    const PredictOptions& options) {
  std::vector<std::string> texts;
  std::exception_ptr source_error;
  for (bool more = true; more;) {
    texts.clear();
    try {
      std::string text;
      while (texts.size() < state_->batch_size && (more = next(text)))
        texts.push_back(std::move(text));
    } catch (...) {
      source_error = std::current_exception();
      more = false;
    }
    if (texts.empty()) break;

    std::vector<std::string_view> written;
    for (const std::string& text : texts) {
      if (!is_blank(text)) written.push_back(text);
    }
    std::vector<IntentPrediction> answers = state_->predict(written, options);
    std::vector<IntentPrediction> predictions(texts.size());
    auto answer = answers.begin();
    for (size_t i = 0; i < texts.size(); ++i) {
      if (is_blank(texts[i])) {
        predictions[i].error = kBlankText;
      } else {
        predictions[i] = std::move(*answer++);
      }
    }
    if (!sink(texts, predictions)) return;
  }
  if (source_error != nullptr) std::rethrow_exception(source_error);
}

const std::vector<std::string>& IntentClassifier::intents() const {
  return state_->intents();
}
int IntentClassifier::max_length() const {
  return state_->predictor().tokenizer().max_length();
}
double IntentClassifier::temperature() const {
  return state_->calibration().temperature;
}
std::optional<double> IntentClassifier::review_threshold() const {
  return state_->calibration().review_threshold;
}
std::string IntentClassifier::device_name() const {
  return state_->predictor().device_name();
}

std::string IntentClassifier::description() const {
  const ModelConfig& config = state_->predictor().config();
  const EncoderConfig& encoder = config.encoder;
  const char* head = config.head == HeadKind::mean  ? "mean of tokens, linear"
                     : config.head == HeadKind::cls ? "first token, linear"
                                                    : "first token, dense, linear";
  return fmt::format(
      "{}: {} layers, hidden {}, {} heads, intermediate {}, vocabulary {}; head: {}; {} intents",
      encoder.family == ModelFamily::bert ? "bert" : "distilbert",
      encoder.layers,
      encoder.hidden,
      encoder.heads,
      encoder.intermediate,
      encoder.vocabulary,
      head,
      config.intents.size());
}

}  // namespace fastintent
