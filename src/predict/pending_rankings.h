#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/fork.h"
#include "batch/token_budget.h"
#include "predict/rankings.h"
#include "predict/tokenized_texts.h"

namespace fastintent {

/// How the texts of one call wait for workers.
struct Schedule {
  /// Ranges that no worker has started by then are not run; the call fails with deadline_exceeded.
  std::optional<std::chrono::steady_clock::time_point> deadline = {};
  /// Whether the call is refused with `overloaded` when the queue is full.
  bool bounded = false;
  /// Called once by the worker that finishes the call, after which get() does not wait. Must not
  /// throw.
  std::function<void()> on_done = {};
};

/// The texts of one call in flight: shared by the workers, the queue and the caller, and kept as
/// long as any of them uses it.
class RankingJob {
 public:
  RankingJob(TokenizedTexts tokens, Rankings empty, Schedule schedule);

  const HomeProcess home{};
  const TokenizedTexts texts;
  Rankings rankings;  // each range writes the answers of its texts

  /// Once, before the first range is queued.
  void expect(size_t ranges) { ranges_left_ = ranges; }
  int64_t tokens_of(SequenceRange range) const;

  bool is_cancelled() const { return cancelled_; }
  void cancel() { cancelled_ = true; }
  /// Throws deadline_exceeded after the deadline.
  void require_time() const;

  /// By a worker, once for each range. `error`: of its run, or null.
  void finish_range(std::exception_ptr error);

  bool wait_for(std::chrono::milliseconds timeout);
  /// Waits for all ranges; once. Rethrows the first error.
  Rankings take();

 private:
  const std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::atomic<bool> cancelled_{false};
  size_t ranges_left_ = 0;
  std::exception_ptr error_;  // the first
  std::function<void()> on_done_;
};

/// Texts in flight through the encoder. Destroying it early skips the ranges that no worker has
/// started. One thread at a time.
class PendingRankings {
 public:
  explicit PendingRankings(std::shared_ptr<RankingJob> job);
  ~PendingRankings();
  PendingRankings(PendingRankings&&) noexcept;
  PendingRankings& operator=(PendingRankings&&) noexcept;

  // Both throw invalid_argument in a child made by fork(), where no worker runs.

  /// Waits at most `timeout` for the end; returns whether all is done.
  bool wait_for(std::chrono::milliseconds timeout) const;
  /// Waits and returns the rankings; call once. Rethrows the exception of a worker.
  Rankings get();

 private:
  std::shared_ptr<RankingJob> job_;
};

}  // namespace fastintent
