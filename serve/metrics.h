#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "fastintent/prediction.h"
#include "models.h"

namespace fastintent::serve {

/// Why a request was not answered with predictions, as a label.
enum class Rejection { queue_full, deadline, disconnected, too_large, auth, draining };

/// What Prometheus scrapes, under the prefix fastintent_; no label contains a text of a client.
/// Safe from many threads.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void count_received();
  /// Once for every received request; `route` is its template, or "unknown".
  void count_answered(std::string_view route, int status, std::chrono::nanoseconds duration);
  void count_rejected(Rejection reason);
  void count_predictions(const ModelInfo& model, std::span<const IntentPrediction> predictions);
  void count_reload(bool succeeded);
  /// Adds what a model has done since the last scrape, before it ends.
  void forget(const ServedModel& model);

  /// In Prometheus' text format.
  std::string text(const Models& models, int64_t connections, int64_t in_flight);

 private:
  void collect(const ServedModel& model);

  class State;
  std::unique_ptr<State> state_;
};

}  // namespace fastintent::serve
