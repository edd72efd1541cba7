#pragma once

#include <chrono>
#include <cstdint>

#include "fastintent/intent_classifier.h"
#include "predict/predictor.h"

namespace fastintent {

/// Reports the progress of a call about ten times per second. `options` must outlive it.
class Progress {
 public:
  static constexpr auto kInterval = std::chrono::milliseconds(100);

  /// `total` 0: unknown.
  Progress(const PredictOptions& options, int64_t total) : options_(options), total_(total) {}

  /// Adds `texts` to the number of texts done.
  void add(int64_t texts);
  /// Calls back if the interval has passed. Throws interrupted when the callback returns false.
  void tell();
  /// Calls back once more, after all texts are done.
  void tell_the_end() const;
  /// Waits for `pending` and calls back while it waits.
  void wait_for(const PendingRankings& pending);

 private:
  using Clock = std::chrono::steady_clock;

  const PredictOptions& options_;
  int64_t total_;
  int64_t done_ = 0;
  Clock::time_point told_ = Clock::now();
};

}  // namespace fastintent
