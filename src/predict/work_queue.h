#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "base/fork.h"
#include "base/thread_pool.h"
#include "predict/pending_rankings.h"
#include "predict/replica.h"
#include "predict/stopwatch.h"

namespace fastintent {

/// A model on a device, with a replica for each worker.
struct ModelReplicas {
  std::vector<std::unique_ptr<Replica>> by_worker;
  int64_t tokens_of_pass = 0;      // most, when texts of several calls run together
  Stopwatch time;                  // while at least one replica runs
  std::atomic<int64_t> tokens{0};  // that they have run
};

/// Workers, and the ranges of texts that wait for them: of any calls, for any models. Ranges that
/// come later join those of their model in one pass, as far as that pass has room. Safe from many
/// threads.
///
/// Calls take turns. The first ranges of a call, one for each worker, wait behind what was queued
/// before; its further ranges wait behind the first ones of calls that come later. So a single text
/// beside calls of thousands waits for one range of each of them, and not for all.
class WorkQueue {
 public:
  /// A range of a call's texts.
  struct Part {
    std::shared_ptr<ModelReplicas> model;
    std::shared_ptr<RankingJob> job;
    SequenceRange range;
    int64_t tokens = 0;
    int64_t turn = 0;
    std::exception_ptr error = {};  // of its run
  };

  /// `workers` 0: one for each core. `most_tokens`: see submit(); 0: no limit.
  explicit WorkQueue(int workers, int64_t most_tokens = 0);

  int workers() const { return pool_.size(); }
  /// Whether the workers are in this process, and not in one that called fork() after it was made.
  bool is_of_this_process() const { return home_.is_this(); }
  /// Throws invalid_argument if they are not; `thing` is what was to be used.
  void require_this_process(const char* thing) const { home_.require(thing); }
  ThreadPool& pool() { return pool_; }

  /// Queues the parts of one call, in their order. With `bounded` throws `overloaded` when the
  /// tokens of all calls in progress would exceed `most_tokens`, and invalid_argument when those of
  /// this call do; the tokens count until their part is done.
  void submit(std::list<Part> parts, bool bounded);

  /// Of all calls in progress.
  int64_t tokens() const { return tokens_; }
  int64_t most_tokens() const { return most_tokens_; }

 private:
  void count(int64_t tokens, bool bounded);
  std::list<Part> take();
  void run_next(int worker);
  static void run_parts(Replica& replica, std::list<Part>& parts);

  HomeProcess home_;
  const int64_t most_tokens_;
  std::atomic<int64_t> tokens_{0};
  std::mutex mutex_;         // guards the next three
  std::list<Part> waiting_;  // by turn; a list: moving a part to a worker allocates nothing
  int64_t turn_ = 0;         // of the part that was taken last
  int running_ = 0;          // busy workers
  ThreadPool pool_;          // last: destroyed before the members its threads use
};

}  // namespace fastintent
