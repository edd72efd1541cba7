#pragma once

#include <chrono>
#include <cstdint>

#include "fastintent/intent_classifier.h"
#include "predict/predictor.h"

namespace fastintent {

/// Tells a caller how far a call is, about ten times a second. `options` must outlive it.
class Progress {
 public:
  static constexpr auto kInterval = std::chrono::milliseconds(100);

  /// `total` 0: not known.
  Progress(const PredictOptions& options, int64_t total) : options_(options), total_(total) {}

  /// More texts are done.
  void add(int64_t texts);
  /// Calls back when it is time. Throws interrupted when the caller wants to stop.
  void tell();
  /// Calls back once more, now that all is done.
  void tell_the_end() const;
  /// Waits for `pending`, calling back meanwhile.
  void wait_for(const PendingAnswers& pending);

 private:
  using Clock = std::chrono::steady_clock;

  const PredictOptions& options_;
  int64_t total_;
  int64_t done_ = 0;
  Clock::time_point told_ = Clock::now();
};

}  // namespace fastintent
