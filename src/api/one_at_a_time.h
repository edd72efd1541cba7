#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "base/fork.h"
#include "fastintent/error.h"

namespace fastintent {

/// Runs one call at a time. A nested call on the same thread, as from a callback, would deadlock:
/// it throws invalid_argument instead. A turn that another thread has while this process is made by
/// fork() is not taken in the child.
class OneAtATime {
 public:
  class Turn {
   public:
    /// Waits for its turn. Throws interrupted when `should_stop`, which may be empty, returns true.
    Turn(OneAtATime& turns, const char* operation, const std::function<bool()>& should_stop)
        : turns_(turns) {
      if (turns_.taken_in_ == fork_count() && turns_.owner_ == std::this_thread::get_id()) {
        throw Error(ErrorCode::invalid_argument,
                    std::string(operation) +
                        ": expected no call of train or optimize_for_inference under way on this "
                        "thread, found one; callbacks must not call them");
      }
      while (!turns_.try_take()) {
        if (should_stop && should_stop()) {
          throw Error(ErrorCode::interrupted,
                      std::string(operation) +
                          ": stopped while a call of train or optimize_for_inference was under way "
                          "on another thread");
        }
        std::this_thread::sleep_for(kPoll);
      }
      turns_.owner_ = std::this_thread::get_id();
    }
    ~Turn() {
      turns_.owner_ = std::thread::id();
      turns_.taken_in_ = kFree;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    OneAtATime& turns_;
  };

 private:
  static constexpr int64_t kFree = -1;
  static constexpr std::chrono::milliseconds kPoll{20};  // the calls take seconds

  bool try_take() {
    const int64_t here = fork_count();
    int64_t taken_in = taken_in_;
    return taken_in != here && taken_in_.compare_exchange_strong(taken_in, here);
  }

  std::atomic<int64_t> taken_in_{kFree};  // the process of the turn, by fork_count()
  std::atomic<std::thread::id> owner_;
};

}  // namespace fastintent
