#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace fastintent::cli {

/// What shows how far something long is, on standard error: a bar that is drawn over and over where
/// that is a terminal, elsewhere a line every five seconds. One thread at a time.
class StatusLine {
 public:
  StatusLine();

  /// Whether it is time to show something new.
  bool due() const;
  /// Starts the wait for the next time that it is due.
  void restart();
  /// Shows `text`, on a terminal behind a bar of which `share` (0 to 1) is full.
  void show(double share, const std::string& text);
  /// Shows `text` alone: how much there is to do is not known.
  void show(const std::string& text);
  /// Takes the bar away.
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
