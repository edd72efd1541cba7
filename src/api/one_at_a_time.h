#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "fastintent/error.h"

namespace fastintent {

/// Runs one call at a time. A nested call on the same thread, as from a callback, would deadlock:
/// it throws invalid_argument instead.
class OneAtATime {
 public:
  class Turn {
   public:
    Turn(OneAtATime& turns, const char* operation) : turns_(turns) {
      if (turns_.owner_ == std::this_thread::get_id()) {
        throw Error(ErrorCode::invalid_argument,
                    std::string(operation) +
                        ": expected no call of train or optimize_for_inference under way on this "
                        "thread, found one; callbacks must not call them");
      }
      turns_.mutex_.lock();
      turns_.owner_ = std::this_thread::get_id();
    }
    ~Turn() {
      turns_.owner_ = std::thread::id();
      turns_.mutex_.unlock();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    OneAtATime& turns_;
  };

 private:
  std::mutex mutex_;
  std::atomic<std::thread::id> owner_;
};

}  // namespace fastintent
