#include "fastintent/intent_classifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "api/classifier_state.h"
#include "api/predict_texts.h"
#include "api/prediction_call.h"
#include "api/prediction_stream_state.h"
#include "evaluation/evaluator.h"
#include "fastintent/error.h"
#include "model/family.h"

// Predictions and settings. The other members are in train_classifier.cpp,
// optimize_for_inference.cpp, warm_up.cpp, benchmark_performance.cpp, gpu_memory.cpp,
// prediction_stream.cpp.
namespace fastintent {
namespace {

void require_texts(std::span<const std::string_view> texts) {
  for (size_t i = 0; i < texts.size(); ++i) {
    if (is_blank(texts[i])) {
      throw Error(ErrorCode::invalid_data, fmt::format("{} (index {})", kBlankText, i));
    }
  }
}

}  // namespace

IntentClassifier::IntentClassifier(const ClassifierOptions& options)
    : state_(std::make_unique<State>(options)) {}
IntentClassifier::~IntentClassifier() = default;
IntentClassifier::IntentClassifier(IntentClassifier&&) noexcept = default;
IntentClassifier& IntentClassifier::operator=(IntentClassifier&&) noexcept = default;

IntentPrediction IntentClassifier::predict(std::string_view text, const PredictOptions& options) {
  require_text(text);
  if (auto known = state_->find_cached(text, options)) {
    return *std::move(known);
  }
  return predict_one(state_->begin(options), text);
}

std::vector<IntentPrediction> IntentClassifier::predict_batch(std::span<const std::string> texts,
                                                              const PredictOptions& options) {
  return predict_batch(std::vector<std::string_view>(texts.begin(), texts.end()), options);
}

std::vector<IntentPrediction> IntentClassifier::predict_batch(
    std::span<const std::string_view> texts, const PredictOptions& options) {
  if (!options.errors_in_place) {
    require_texts(texts);
  }
  return predict_all(state_->begin(options), texts);
}

PredictionTicket IntentClassifier::predict_async(std::vector<std::string> texts,
                                                 const PredictOptions& options,
                                                 OnPredictions on_done) {
  if (!on_done || options.on_progress) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("predict_async: expected {}",
                            on_done ? "no on_progress, found one" : "on_done, found none"));
  }
  if (!options.errors_in_place) {
    require_texts(std::vector<std::string_view>(texts.begin(), texts.end()));
  }
  const auto call = std::make_shared<PredictionTicket::Call>(
      state_->begin(options), std::move(texts), std::move(on_done));
  call->start();
  return PredictionTicket(call);
}

PredictionStream IntentClassifier::predict_batch_streaming(TextSource next,
                                                           const PredictOptions& options) {
  return PredictionStream(
      std::make_unique<PredictionStream::State>(state_->begin(options), std::move(next)));
}

PredictionCounters IntentClassifier::get_prediction_counters() const {
  const PredictionTotals& totals = *state_->totals;
  return {.texts = totals.texts,
          .tokens = totals.tokens,
          .repeated_texts = totals.repeated_texts,
          .queued_tokens = state_->workers->queued_tokens(),
          .max_queued_tokens = state_->workers->max_queued_tokens(),
          .tokens_per_second = state_->is_loaded() ? state_->predictor()->tokens_per_second() : 0};
}

CacheStats IntentClassifier::get_cache_stats() const {
  const PredictionCache::Counts counts = state_->cache->counts();
  const int64_t limit = state_->cache->most_entries();
  const double share =
      limit == 0 ? 0 : static_cast<double>(counts.entries) / static_cast<double>(limit);
  return {.cache_enabled = state_->enable_cache,
          .cache_size = counts.entries,
          .cache_limit = limit,
          .cache_usage_percent = 100 * share,
          .hits = counts.hits,
          .misses = counts.misses,
          .evictions = counts.evictions,
          .memory_bytes = counts.bytes};
}

void IntentClassifier::clear_cache() {
  state_->cache->clear();
}

Evaluation IntentClassifier::evaluate(
    const LabelledTexts& data,
    const std::function<bool(int64_t done, int64_t total)>& on_progress) {
  if (data.texts.size() != data.labels.size()) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("evaluate: expected a label for each of {} texts, found {}",
                            data.texts.size(),
                            data.labels.size()));
  }
  const std::vector<std::string_view> texts(data.texts.begin(), data.texts.end());
  require_texts(texts);
  PredictOptions options;
  options.top_k = 0;
  options.with_logits = true;
  PredictionContext context = state_->begin(options);
  const Predictor& predictor = *context.predictor;
  const std::vector<std::string>& intents = predictor.config().intents;
  Evaluator evaluator(intents, predictor.calibration().temperature);
  // 64 MB of logits at a time, where thousands of intents would need gigabytes for all texts.
  constexpr size_t kLogitsAtOnce = size_t{16} << 20;
  const size_t texts_at_once = std::max<size_t>(kLogitsAtOnce / intents.size(), 1);
  for (size_t begin = 0; begin < texts.size(); begin += texts_at_once) {
    if (on_progress) {
      context.options.on_progress = [&](int64_t done, int64_t /*of these*/) {
        return on_progress(static_cast<int64_t>(begin) + done, std::ssize(texts));
      };
    }
    const auto some =
        std::span(texts).subspan(begin, std::min(texts_at_once, texts.size() - begin));
    size_t example = begin;
    for (const IntentPrediction& prediction : predict_all(context, some)) {
      evaluator.add(prediction.logits, data.labels[example]);
      ++example;
    }
  }
  return evaluator.finish();
}

int IntentClassifier::batch_size() const {
  return state_->batch_size;
}
void IntentClassifier::set_batch_size(int batch_size) {
  state_->set_batch_size(batch_size);
}
bool IntentClassifier::enable_cache() const {
  return state_->enable_cache;
}
void IntentClassifier::set_enable_cache(bool enable) {
  state_->set_enable_cache(enable);
}
std::optional<double> IntentClassifier::review_threshold() const {
  return state_->review_threshold();
}
void IntentClassifier::set_review_threshold(std::optional<double> threshold) {
  state_->set_review_threshold(threshold);
}

std::string IntentClassifier::fingerprint() const {
  return state_->predictor()->trained()->folder.fingerprint();
}
bool IntentClassifier::is_loaded() const {
  return state_->is_loaded();
}
std::vector<std::string> IntentClassifier::intents() const {
  return state_->predictor()->config().intents;
}
int IntentClassifier::max_length() const {
  return state_->predictor()->trained()->tokenizer.max_length();
}
double IntentClassifier::temperature() const {
  return state_->predictor()->calibration().temperature;
}
PrecisionChoice IntentClassifier::automatic_precision() const {
  return state_->predictor()->automatic_precision(state_->options.label_agreement);
}

Precision IntentClassifier::precision() const {
  return state_->predictor()->precision();
}
int IntentClassifier::threads() const {
  return state_->predictor()->threads();
}
std::string IntentClassifier::device_name() const {
  return state_->predictor()->device_name();
}

std::string IntentClassifier::description() const {
  const std::shared_ptr<Predictor> predictor = state_->predictor();
  const ModelConfig& config = predictor->config();
  const EncoderConfig& encoder = config.encoder;
  const char* head = config.head == HeadKind::mean  ? "mean of tokens, linear"
                     : config.head == HeadKind::cls ? "first token, linear"
                                                    : "first token, dense, linear";
  return fmt::format(
      "{}: {} layers, hidden {}, {} heads, intermediate {}, vocabulary {}; head: {}; {} intents",
      encoder.family->model_type,
      encoder.layers,
      encoder.hidden,
      encoder.heads,
      encoder.intermediate,
      encoder.vocabulary,
      head,
      config.intents.size());
}

}  // namespace fastintent
