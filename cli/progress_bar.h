#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "fastintent/trainer.h"
#include "status_line.h"

namespace fastintent::cli {

/// Shows a training run on standard error, with loss, examples per second and time left. One thread
/// at a time.
class ProgressBar {
 public:
  void update(const StepReport& report);
  /// Prints a line above the bar.
  void print_line(std::string_view line);
  /// Removes the bar.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  void start_fit(const StepReport& report);
  std::string line(const StepReport& report) const;

  StatusLine status_;
  Clock::time_point fit_start_;  ///< of this fit, or of its part in a resumed run
  int64_t first_step_ = 0;       ///< the step that was reported at fit_start_
  int64_t last_step_ = 0;
  double loss_ = 0;  ///< running mean
  double examples_per_second_ = 0;
};

}  // namespace fastintent::cli
