#include "progress_bar.h"

#include <fmt/format.h>

#include <algorithm>

#include "messages.h"

namespace fastintent::cli {
namespace {

constexpr double kSmoothing = 0.05;  // a running mean over about 20 steps: batches differ much

}  // namespace

void ProgressBar::start_fit(const StepReport& report) {
  fit_start_ = Clock::now();
  status_.restart();
  first_step_ = report.step;
  loss_ = report.loss;
  examples_per_second_ = report.examples_per_second;
}

void ProgressBar::update(const StepReport& report) {
  if (last_step_ == 0 || report.step <= last_step_) {  // the first fit, or the refit after it
    start_fit(report);
  }
  last_step_ = report.step;
  loss_ += kSmoothing * (report.loss - loss_);
  examples_per_second_ += kSmoothing * (report.examples_per_second - examples_per_second_);

  if (status_.due() || report.step == report.total_steps) {
    const auto total = static_cast<double>(std::max<int64_t>(report.total_steps, 1));
    status_.show(static_cast<double>(report.step) / total, line(report));
  }
}

std::string ProgressBar::line(const StepReport& report) const {
  std::string text = fmt::format("step {}/{}, epoch {:.2f}, loss {:.4f}, {:.0f} examples/s",
                                 report.step,
                                 report.total_steps,
                                 report.epoch,
                                 loss_,
                                 examples_per_second_);
  const int64_t done = report.step - first_step_;
  if (done > 0) {
    const double elapsed = std::chrono::duration<double>(Clock::now() - fit_start_).count();
    const auto left = static_cast<double>(report.total_steps - report.step);
    text += fmt::format(", {} left", duration(elapsed / static_cast<double>(done) * left));
  }
  return text;
}

void ProgressBar::print_line(std::string_view text) {
  clear();
  print_message(printable(text));
}

void ProgressBar::clear() {
  status_.clear();
}

}  // namespace fastintent::cli
