#include "api/classifier_state.h"

#include <fmt/format.h>

#include <utility>

#include "api/require_option.h"
#include "api/workers_state.h"
#include "compute/precisions.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

constexpr const char* kOperation = "IntentClassifier";

// In a child made by fork() it is never destroyed: the parent's threads may have been about to
// change it.
std::shared_ptr<Predictor> shared_until_fork(std::unique_ptr<Predictor> predictor) {
  return {predictor.release(), [](Predictor* last) {
            std::unique_ptr<Predictor> owned(last);
            if (!owned->is_of_this_process()) {
              leave_to_parent(std::shared_ptr<Predictor>(std::move(owned)));
            }
          }};
}

template <typename Number>
void require(bool good, const char* name, const char* expected, Number found) {
  require_option(kOperation, good, name, expected, found);
}

void require_batch_size(int batch_size) {
  require(batch_size >= 1, "batch_size", "at least 1", batch_size);
}

void require_threshold(std::optional<double> threshold) {
  if (threshold) {
    require(*threshold >= 0 && *threshold <= 1, "review_threshold", "0 to 1", *threshold);
  }
}

ClassifierOptions checked(ClassifierOptions options) {
  require_batch_size(options.batch_size);
  require(options.cache_size >= 0, "cache_size", "0 or more", options.cache_size);
  require(options.cache_bytes >= 0, "cache_bytes", "0 or more", options.cache_bytes);
  require_worker_options(kOperation, options.threads, options.max_queued_tokens);
  require(options.max_length >= 0, "max_length", "0 or more", options.max_length);
  if (options.workers != nullptr) {
    const char* none = "0 beside `workers`, which have their own";
    require(options.threads == 0, "threads", none, options.threads);
    require(options.max_queued_tokens == 0, "max_queued_tokens", none, options.max_queued_tokens);
    options.threads = options.workers->threads();
  }
  require_threshold(options.review_threshold);
  require(options.label_agreement >= 0 && options.label_agreement <= 1,
          "label_agreement",
          "0 to 1",
          options.label_agreement);
  require_gpu_device(kOperation, options.device, options.gpu);
  return options;
}

}  // namespace

IntentClassifier::State::State(ClassifierOptions given)
    : options(checked(std::move(given))),
      placement(options.device, options.gpu, options.threads),
      workers(options.workers != nullptr
                  ? options.workers
                  : std::make_shared<Workers>(placement.workers(), options.max_queued_tokens)),
      cache(std::make_shared<PredictionCache>(options.cache_size, options.cache_bytes)),
      batch_size(options.batch_size),
      enable_cache(options.enable_cache),
      chosen_threshold_(options.review_threshold) {
  // Placement wants more than it was asked for where there are more GPUs.
  require(placement.workers() == 0 || placement.workers() == workers->threads(),
          "workers",
          "one for each GPU at least",
          workers->threads());
  if (options.precision != Precision::automatic) {
    require_precision(kOperation, placement.device(), options.precision);
  }
  if (!options.model_path.empty()) {
    load(options.model_path, nullptr);
  }
}

void IntentClassifier::State::load(const std::filesystem::path& folder,
                                   std::shared_ptr<const ScratchFolder> scratch) {
  Precision precision = options.precision;
  {
    const std::lock_guard lock(mutex_);
    if (predictor_ != nullptr) {
      precision = predictor_->precision();
    }
  }
  const WordTable word_table = options.map_word_table ? WordTable::mapped : WordTable::in_memory;
  auto predictor = load_unchanged(folder, [&](const SnapshotPath& at) {
    const auto trained =
        std::make_shared<const TrainedModel>(at, options.max_length, word_table, scratch);
    return prepare(trained,
                   precision == Precision::automatic ? choose_precision(*trained) : precision);
  });
  if (options.log) {
    options.log(fmt::format("loaded {} on {} in {} with {} worker{}",
                            folder.string(),
                            predictor->device_name(),
                            precision_name(predictor->precision()),
                            predictor->threads(),
                            predictor->threads() == 1 ? "" : "s"));
  }
  use(std::move(predictor));
}

Precision IntentClassifier::State::choose_precision(const TrainedModel& trained) const {
  const Precision own = trained.own_precision();
  const Backend& device = placement.device();
  if (device.traits().multiplies(own)) {
    return own;
  }
  const Precision fastest = device.traits().fastest().precision;
  if (options.log) {
    options.log(fmt::format("{} is prepared in {}, which {} lacks; it runs in {}",
                            trained.folder.path().string(),
                            precision_name(own),
                            device.name(),
                            precision_name(fastest)));
  }
  return fastest;
}

std::shared_ptr<Predictor> IntentClassifier::State::prepare(
    std::shared_ptr<const TrainedModel> trained, Precision precision) const {
  require_precision(kOperation, placement.device(), precision);
  return shared_until_fork(std::make_unique<Predictor>(
      std::move(trained),
      [this](int worker) { return placement.create_backend(worker); },
      precision,
      workers->state_->queue()));
}

void IntentClassifier::State::replace_workers(const std::shared_ptr<Predictor>& parents) {
  if (!placement.gpus().empty()) {
    throw Error(ErrorCode::invalid_argument,
                "IntentClassifier: expected one made in this process, found one made before "
                "fork(), whose GPUs only the parent can use; make it in each process, or start "
                "processes with \"spawn\"");
  }
  std::shared_ptr<Predictor> ours = shared_until_fork(std::make_unique<Predictor>(
      parents->trained(),
      [this](int worker) { return placement.create_backend(worker); },
      parents->precision(),
      workers->state_->queue(),
      parents->prepared()));
  const std::lock_guard lock(mutex_);
  if (predictor_ == parents) {
    predictor_.swap(ours);  // else another thread was faster
  }
}

void IntentClassifier::State::use(std::shared_ptr<Predictor> predictor) {
  {
    const std::lock_guard lock(mutex_);
    predictor_.swap(predictor);
    cache->begin_generation();
    update_threshold();
  }
  predictor.reset();  // releasing the old one may join its workers: not under the lock
}

std::shared_ptr<Predictor> IntentClassifier::State::predictor() {
  std::shared_ptr<Predictor> found;
  {
    const std::lock_guard lock(mutex_);
    found = require_predictor();
  }
  if (found->is_of_this_process()) {
    return found;
  }
  replace_workers(found);
  return predictor();
}

std::shared_ptr<Predictor> IntentClassifier::State::require_predictor() const {
  if (predictor_ != nullptr) {
    return predictor_;
  }
  throw Error(ErrorCode::no_model,
              "IntentClassifier: expected a trained model, found none; give model_path or call "
              "train() first");
}

bool IntentClassifier::State::is_loaded() const {
  const std::lock_guard lock(mutex_);
  return predictor_ != nullptr;
}

bool IntentClassifier::State::uses_cache(const PredictOptions& call) const {
  return call.use_cache && enable_cache && !call.with_logits;
}

PredictionContext IntentClassifier::State::begin(const PredictOptions& call) {
  require(call.top_k >= 0, "top_k", "0 or more", call.top_k);
  require(call.batch_size >= 0, "batch_size", "0 or more", call.batch_size);
  PredictionContext context;
  {
    const std::lock_guard lock(mutex_);  // so that all three belong to the same model
    context.predictor = require_predictor();
    context.cache_generation = cache->generation();
    context.review_threshold = review_threshold_;
  }
  context.totals = totals;
  if (!context.predictor->is_of_this_process()) {
    replace_workers(context.predictor);
    return begin(call);
  }
  if (uses_cache(call)) {
    context.cache = cache;
  }
  context.options = call;
  if (call.batch_size == 0) {
    context.options.batch_size = batch_size;
  }
  return context;
}

std::optional<IntentPrediction> IntentClassifier::State::find_cached(
    std::string_view text, const PredictOptions& call) const {
  if (!uses_cache(call)) {
    return std::nullopt;
  }
  return find_prediction({cache.get(), call.top_k, cache->generation()}, text, review_threshold_);
}

std::optional<double> IntentClassifier::State::review_threshold() const {
  const double threshold = review_threshold_;
  return threshold < 0 ? std::nullopt : std::optional(threshold);
}

void IntentClassifier::State::set_review_threshold(std::optional<double> threshold) {
  require_threshold(threshold);
  const std::lock_guard lock(mutex_);
  chosen_threshold_ = threshold;
  update_threshold();
}

void IntentClassifier::State::update_threshold() {
  std::optional<double> threshold = chosen_threshold_;
  if (!threshold && predictor_ != nullptr) {
    threshold = predictor_->calibration().review_threshold;
  }
  review_threshold_ = threshold.value_or(-1);
}

void IntentClassifier::State::set_batch_size(int size) {
  require_batch_size(size);
  batch_size = size;
}

void IntentClassifier::State::set_enable_cache(bool enable) {
  enable_cache = enable;
  if (!enable) {
    cache->begin_generation();  // running calls no longer fill it
  }
}

}  // namespace fastintent
