#include "progress_bar.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "messages.h"

namespace fastintent::cli {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr auto kRedraw = milliseconds(100);  // fast enough to look alive, too slow to flicker
constexpr auto kNewLine = milliseconds(5000);
constexpr double kSmoothing = 0.05;  // a running mean over about 20 steps: batches differ much
constexpr int kLeastBar = 10;        // columns; a shorter bar says less than the figures beside it
constexpr int kMostBar = 40;

bool is_terminal() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && (kind == nullptr || std::string_view(kind) != "dumb");
}

int terminal_width() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

ProgressBar::ProgressBar() : terminal_(is_terminal()) {}

void ProgressBar::start_fit(const StepReport& report) {
  fit_start_ = Clock::now();
  last_drawn_ = fit_start_;
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

  const auto now = Clock::now();
  const bool last = report.step == report.total_steps;
  if (!last && now - last_drawn_ < (terminal_ ? kRedraw : kNewLine)) {
    return;
  }
  last_drawn_ = now;
  if (terminal_) {
    const std::string text = "\r" + bar(report, line(report)) + "\x1b[K";  // clears what was longer
    std::fwrite(text.data(), 1, text.size(), stderr);
    shown_ = true;
  } else {
    print_message(line(report));
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

std::string ProgressBar::bar(const StepReport& report, const std::string& text) const {
  const int room = terminal_width() - 1;  // the last column would wrap on some terminals
  const int width = std::min(kMostBar, room - static_cast<int>(text.size()) - 3);
  if (width < kLeastBar) {
    return text.substr(0, static_cast<size_t>(std::max(room, 0)));
  }
  const double share = static_cast<double>(report.step) /
                       static_cast<double>(std::max<int64_t>(report.total_steps, 1));
  const int full = std::clamp(static_cast<int>(share * width), 0, width);
  return fmt::format("[{:=<{}}{: <{}}] {}", "", full, "", width - full, text);
}

void ProgressBar::print_line(std::string_view text) {
  clear();
  print_message(text);
}

void ProgressBar::clear() {
  if (shown_) {
    std::fputs("\r\x1b[K", stderr);
    shown_ = false;
  }
}

std::string duration(double seconds) {
  const int64_t total = std::llround(seconds);
  if (total < 60) {
    return fmt::format("{} s", total);
  }
  if (total < 3600) {
    return fmt::format("{} min {:02} s", total / 60, total % 60);
  }
  return fmt::format("{} h {:02} min", total / 3600, total % 3600 / 60);
}

}  // namespace fastintent::cli
