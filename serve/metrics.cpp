#include "metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <map>
#include <mutex>
#include <unordered_map>

namespace fastintent::serve {
namespace {

using Labels = prometheus::Labels;

constexpr std::array kRejections = {
    "queue_full", "deadline", "disconnected", "too_large", "auth", "draining"};
constexpr size_t kMostIntents = 512;  // series of one model; the rest are "other"

// 100 µs to 13 s, doubling.
prometheus::Histogram::BucketBoundaries seconds_buckets() {
  prometheus::Histogram::BucketBoundaries limits;
  for (double limit = 100e-6; limits.size() < 18; limit *= 2) {
    limits.push_back(limit);
  }
  return limits;
}

prometheus::Histogram::BucketBoundaries confidence_buckets() {
  return {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99};
}

// What was counted of a model when it was last collected.
struct Collected {
  int64_t texts = 0;
  int64_t tokens = 0;
  int64_t repeated = 0;
  int64_t hits = 0;
  int64_t misses = 0;
  int64_t evictions = 0;
};

Labels labels_of(const ServedModel& model) {
  const ModelInfo& info = model.info;
  return {{"model", info.name},
          {"version", info.version},
          {"precision", info.precision},
          {"device", info.device}};
}

int64_t resident_bytes() {
  int64_t size = 0;
  int64_t resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace

class Metrics::State {
 public:
  prometheus::Family<prometheus::Counter>& counter(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  prometheus::Family<prometheus::Gauge>& gauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }
  prometheus::Family<prometheus::Histogram>& histogram(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }

  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      counter("fastintent_requests_total", "Answered requests by route and status");
  prometheus::Counter& received =
      counter("fastintent_requests_received_total", "Requests whose header was read").Add({});
  prometheus::Family<prometheus::Histogram>& request_seconds =
      histogram("fastintent_request_seconds", "From a request's last byte to its answer");
  prometheus::Family<prometheus::Counter>& rejected =
      counter("fastintent_rejected_total", "Requests without predictions, by reason");
  prometheus::Family<prometheus::Counter>& texts =
      counter("fastintent_texts_total", "Answered texts by where the answer came from");
  prometheus::Family<prometheus::Counter>& tokens =
      counter("fastintent_tokens_total", "Tokens that the model read");
  prometheus::Family<prometheus::Counter>& intents =
      counter("fastintent_intents_total", "Predicted intents");
  prometheus::Family<prometheus::Histogram>& confidence =
      histogram("fastintent_confidence", "Confidence of the predicted intents");
  prometheus::Family<prometheus::Counter>& needs_review =
      counter("fastintent_needs_review_total", "Predictions below the review threshold");
  prometheus::Family<prometheus::Counter>& truncated =
      counter("fastintent_truncated_total", "Texts that were longer than the model's maximum");
  prometheus::Family<prometheus::Counter>& failed_texts =
      counter("fastintent_failed_texts_total", "Texts without a prediction, such as blank ones");
  prometheus::Family<prometheus::Counter>& cache_hits =
      counter("fastintent_cache_hits_total", "Texts found in the prediction cache");
  prometheus::Family<prometheus::Counter>& cache_misses =
      counter("fastintent_cache_misses_total", "Texts not found in the prediction cache");
  prometheus::Family<prometheus::Counter>& cache_evictions =
      counter("fastintent_cache_evictions_total", "Predictions that left the cache for newer ones");
  prometheus::Family<prometheus::Gauge>& cache_entries =
      gauge("fastintent_cache_entries", "Predictions in the cache");
  prometheus::Family<prometheus::Gauge>& cache_bytes =
      gauge("fastintent_cache_bytes", "Approximate memory of the cache");
  prometheus::Family<prometheus::Gauge>& model_info =
      gauge("fastintent_model_info", "1 for each model in use");
  prometheus::Family<prometheus::Gauge>& load_seconds =
      gauge("fastintent_model_load_seconds", "From a model's folder to its warm state");
  prometheus::Family<prometheus::Counter>& reloads =
      counter("fastintent_reloads_total", "Models loaded again, by result");
  prometheus::Gauge& queue_tokens =
      gauge("fastintent_queue_tokens", "Tokens of the requests in progress").Add({});
  prometheus::Gauge& queue_limit =
      gauge("fastintent_queue_tokens_limit", "Most tokens of requests in progress").Add({});
  prometheus::Gauge& in_flight =
      gauge("fastintent_inflight_requests", "Requests received and not yet answered").Add({});
  prometheus::Gauge& connections = gauge("fastintent_connections", "Open connections").Add({});
  prometheus::Gauge& resident =
      gauge("process_resident_memory_bytes", "Resident memory of the process").Add({});
  prometheus::Gauge& cpu_seconds =
      gauge("process_cpu_seconds_total", "Processor time of the process").Add({});

  std::mutex mutex;  // of what is below
  std::map<std::pair<std::string, int>, prometheus::Counter*> answered;
  std::map<std::string, prometheus::Histogram*, std::less<>> seconds;
  std::unordered_map<std::string, prometheus::Counter*> by_intent;
  std::map<std::string, size_t> intents_of_model;
  std::map<const ServedModel*, Collected> collected;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {
  for (const char* reason : kRejections) {
    state_->rejected.Add({{"reason", reason}});
  }
}
Metrics::~Metrics() = default;

void Metrics::count_received() {
  state_->received.Increment();
}

void Metrics::count_answered(std::string_view route,
                             int status,
                             std::chrono::nanoseconds duration) {
  const std::lock_guard lock(state_->mutex);
  prometheus::Counter*& counter = state_->answered[{std::string(route), status}];
  if (counter == nullptr) {
    counter =
        &state_->requests.Add({{"route", std::string(route)}, {"code", std::to_string(status)}});
  }
  counter->Increment();
  auto seconds = state_->seconds.find(route);
  if (seconds == state_->seconds.end()) {
    seconds = state_->seconds
                  .emplace(route,
                           &state_->request_seconds.Add({{"route", std::string(route)}},
                                                        seconds_buckets()))
                  .first;
  }
  seconds->second->Observe(std::chrono::duration<double>(duration).count());
}

void Metrics::count_rejected(Rejection reason) {
  state_->rejected.Add({{"reason", kRejections[static_cast<size_t>(reason)]}}).Increment();
}

void Metrics::count_predictions(const ModelInfo& model,
                                std::span<const IntentPrediction> predictions) {
  const Labels label = {{"model", model.name}};
  prometheus::Histogram& confidence = state_->confidence.Add(label, confidence_buckets());
  const std::lock_guard lock(state_->mutex);
  for (const IntentPrediction& prediction : predictions) {
    if (!prediction.error.empty()) {
      state_->failed_texts.Add(label).Increment();
      continue;
    }
    prometheus::Counter*& counter = state_->by_intent[model.name + '\n' + prediction.intent];
    if (counter == nullptr) {
      const bool fits = state_->intents_of_model[model.name]++ < kMostIntents;
      counter = &state_->intents.Add(
          {{"model", model.name}, {"intent", fits ? prediction.intent : "other"}});
    }
    counter->Increment();
    confidence.Observe(prediction.confidence);
    if (prediction.needs_review) {
      state_->needs_review.Add(label).Increment();
    }
    if (prediction.truncated) {
      state_->truncated.Add(label).Increment();
    }
  }
}

void Metrics::count_reload(bool succeeded) {
  state_->reloads.Add({{"result", succeeded ? "success" : "failure"}}).Increment();
}

void Metrics::collect(const ServedModel& model) {
  const PredictionCounters counters = model.classifier.get_prediction_counters();
  const CacheStats cache = model.classifier.get_cache_stats();
  const Collected now = {counters.texts,
                         counters.tokens,
                         counters.repeated_texts,
                         cache.hits,
                         cache.misses,
                         cache.evictions};
  const std::string& name = model.info.name;
  const std::lock_guard lock(state_->mutex);
  Collected& before = state_->collected[&model];
  const auto add = [](auto& family, const Labels& labels, int64_t count) {
    family.Add(labels).Increment(static_cast<double>(count));
  };
  add(state_->texts, {{"model", name}, {"source", "model"}}, now.texts - before.texts);
  add(state_->texts, {{"model", name}, {"source", "cache"}}, now.hits - before.hits);
  add(state_->texts, {{"model", name}, {"source", "duplicate"}}, now.repeated - before.repeated);
  add(state_->tokens, {{"model", name}}, now.tokens - before.tokens);
  add(state_->cache_hits, {{"model", name}}, now.hits - before.hits);
  add(state_->cache_misses, {{"model", name}}, now.misses - before.misses);
  add(state_->cache_evictions, {{"model", name}}, now.evictions - before.evictions);
  before = now;
  state_->cache_entries.Add({{"model", name}}).Set(static_cast<double>(cache.cache_size));
  state_->cache_bytes.Add({{"model", name}}).Set(static_cast<double>(cache.memory_bytes));
}

void Metrics::forget(const ServedModel& model) {
  collect(model);
  const std::lock_guard lock(state_->mutex);
  state_->collected.erase(&model);
  state_->model_info.Remove(&state_->model_info.Add(labels_of(model)));
}

std::string Metrics::text(const Models& models, int64_t connections, int64_t in_flight) {
  for (const auto& model : models.all()) {
    collect(*model);
    state_->model_info.Add(labels_of(*model)).Set(1);
    state_->load_seconds.Add({{"model", model->info.name}}).Set(model->load_seconds);
  }
  state_->queue_tokens.Set(static_cast<double>(models.workers().queued_tokens()));
  state_->queue_limit.Set(static_cast<double>(models.workers().max_queued_tokens()));
  state_->connections.Set(static_cast<double>(connections));
  state_->in_flight.Set(static_cast<double>(in_flight));
  state_->resident.Set(static_cast<double>(resident_bytes()));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  state_->cpu_seconds.Set(seconds(usage.ru_utime) + seconds(usage.ru_stime));
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace fastintent::serve
