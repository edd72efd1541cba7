#pragma once

#include <atomic>
#include <chrono>
#include <thread>

namespace fastintent {

/// Spins until `done()` is true, yielding to other threads when that takes long; returns whether it
/// yielded.
template <class Done>
bool spin_until(const Done& done) {
  // Longer than a spinning worker takes to arrive, and than the parts of a query differ in time;
  // shorter than a thread that lost its core waits to get it back.
  constexpr std::chrono::microseconds kPatience{50};
  constexpr int kSpins = 100;  // between two readings of the clock
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    for (int spins = 0; spins < kSpins; ++spins) {
      if (done()) {
        return false;
      }
    }
    if (std::chrono::steady_clock::now() > end) {
      break;
    }
  }
  while (!done()) {
    std::this_thread::yield();
  }
  return true;
}

/// A barrier at which a fixed number of threads wait for each other again and again, a µs or less
/// at a time.
class SpinBarrier {
 public:
  /// Thrown by wait() after abandon().
  struct Abandoned {};

  explicit SpinBarrier(int threads) : threads_(threads) {}
  SpinBarrier(const SpinBarrier&) = delete;
  SpinBarrier& operator=(const SpinBarrier&) = delete;

  /// Returns when all threads have called it equally often. Their earlier writes are then visible.
  /// Throws Abandoned when a thread will not come any more.
  void wait() {
    // The round is read first: if it is already that of abandon(), so is the flag.
    const unsigned round = round_.load(std::memory_order_acquire);
    throw_if_abandoned();
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return;
    }
    const bool lasted = spin_until([&] { return round_.load(std::memory_order_acquire) != round; });
    if (lasted && round > 0) {
      gave_way_.store(true, std::memory_order_relaxed);
    }
    throw_if_abandoned();
  }

  /// Ends every wait, now and later: the calling thread will not come any more.
  void abandon() {
    abandoned_.store(true, std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
  }

  /// Whether a thread waited so long that it yielded, not counting the first wait, when some
  /// threads may have had to wake.
  bool gave_way() const { return gave_way_.load(std::memory_order_relaxed); }

 private:
  void throw_if_abandoned() const {
    if (abandoned_.load(std::memory_order_relaxed)) {
      throw Abandoned();
    }
  }

  const int threads_;
  std::atomic<int> arrived_{0};
  std::atomic<bool> gave_way_{false};
  alignas(64) std::atomic<unsigned> round_{0};  // watched by all: apart from what they write
  std::atomic<bool> abandoned_{false};
};

}  // namespace fastintent
