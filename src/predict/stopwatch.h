#pragma once

#include <chrono>
#include <mutex>

namespace fastintent {

/// Adds up the time during which at least one thread ran something. Safe from many threads.
class Stopwatch {
 public:
  /// The stopwatch runs as long as this object exists.
  class Running {
   public:
    explicit Running(Stopwatch& stopwatch) : stopwatch_(stopwatch) { stopwatch_.start(); }
    ~Running() { stopwatch_.stop(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    Stopwatch& stopwatch_;
  };

  /// Includes the time of the current run.
  std::chrono::nanoseconds total() const {
    const std::lock_guard lock(mutex_);
    return running_ > 0 ? total_ + (Clock::now() - start_) : total_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void start() {
    const std::lock_guard lock(mutex_);
    if (running_++ == 0) {
      start_ = Clock::now();
    }
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    if (--running_ == 0) {
      total_ += Clock::now() - start_;
    }
  }

  mutable std::mutex mutex_;
  int running_ = 0;
  Clock::time_point start_;
  std::chrono::nanoseconds total_{0};
};

}  // namespace fastintent
