#pragma once

#include <atomic>
#include <functional>

namespace fastintent {

/// A caller's request to stop, polled on the caller's thread and seen by the workers.
class StopFlag {
 public:
  /// `should_stop` may be empty, and must outlive the flag.
  explicit StopFlag(const std::function<bool()>& should_stop) : should_stop_(should_stop) {}
  StopFlag(const StopFlag&) = delete;
  StopFlag& operator=(const StopFlag&) = delete;

  /// Calls `should_stop`, whose exception means a request to stop, too.
  void poll() {
    try {
      if (should_stop_ && should_stop_()) {
        is_set_ = true;
      }
    } catch (...) {
      is_set_ = true;
      throw;
    }
  }
  bool is_set() const { return is_set_; }

 private:
  const std::function<bool()>& should_stop_;
  std::atomic<bool> is_set_{false};
};

}  // namespace fastintent
