#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "fastintent/trainer.h"

namespace fastintent::cli {

/// Shows a training run on standard error: a bar with loss, examples a second and time left where
/// that is a terminal, elsewhere a line every five seconds. One thread at a time.
class ProgressBar {
 public:
  ProgressBar();

  void update(const StepReport& report);
  /// Prints a line above the bar.
  void print_line(std::string_view line);
  /// Takes the bar away.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  void start_fit(const StepReport& report);
  std::string line(const StepReport& report) const;
  std::string bar(const StepReport& report, const std::string& text) const;

  bool terminal_;
  bool shown_ = false;
  Clock::time_point fit_start_;  ///< of this fit, or of what a resumed run does of it
  int64_t first_step_ = 0;       ///< the step that was reported at fit_start_
  int64_t last_step_ = 0;
  Clock::time_point last_drawn_;
  double loss_ = 0;  ///< running mean
  double examples_per_second_ = 0;
};

/// 3725 as "1 h 02 min".
std::string duration(double seconds);

}  // namespace fastintent::cli
