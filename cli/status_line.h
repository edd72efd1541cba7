#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace fastintent::cli {

/// Shows the progress of a long task on standard error: a bar that is redrawn on a terminal,
/// elsewhere a line every five seconds. One thread at a time.
class StatusLine {
 public:
  StatusLine();

  /// Whether an update is due.
  bool due() const;
  /// Starts the wait until the next update is due.
  void restart();
  /// Shows `text`, on a terminal after a bar of which `share` (0 to 1) is full.
  void show(double share, const std::string& text);
  /// Shows `text` alone: the total is unknown.
  void show(const std::string& text);
  /// Removes the bar.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  void draw(const std::string& text);

  bool terminal_;
  bool shown_ = false;
  Clock::time_point last_drawn_;
};

/// 3725 as "1 h 02 min".
std::string duration(double seconds);

}  // namespace fastintent::cli
