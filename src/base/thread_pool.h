#pragma once

#include <functional>
#include <memory>

#include "base/fork.h"
#include "base/team.h"

namespace fastintent {

/// More workers than any machine has cores: a larger number is a typing error.
constexpr int kMostWorkers = 1024;

/// A fixed set of worker threads that run one task together, or many small ones in the order they
/// were submitted. Idle workers sleep; before that, all but the first look for more work for a
/// moment. In a child made by fork() there are no workers: run() and submit() throw
/// invalid_argument, and the destructor leaves all to the parent.
class ThreadPool {
 public:
  /// Starts `workers` threads, at least one. Throws out_of_resources.
  explicit ThreadPool(int workers);
  /// Runs what was submitted, then ends the workers.
  ~ThreadPool();

  int size() const;

  /// Runs task(worker) on every worker, worker = 0 .. size() - 1, always on the same thread, and
  /// returns when all are done. Throws the exception of the lowest worker that threw. One thread at
  /// a time.
  void run(const std::function<void(int worker)>& task) {
    run(task, [] {});
  }
  /// Also calls `meanwhile` ten times per second on the calling thread, until it throws; rethrows
  /// that when all are done.
  void run(const std::function<void(int worker)>& task, const std::function<void()>& meanwhile);

  /// Runs `task` on a team of the calling thread and all workers but the first, because the caller
  /// uses its core, and returns true when all are done; false at once when a worker has anything
  /// else to do, and for a while after a team in which threads lost their cores to others. `task`
  /// must not throw. From any thread but a worker.
  bool try_run_as_team(const std::function<void(const TeamMember&)>& task);

  /// Whether no worker has anything to do.
  bool idle() const;

  /// Hands `task` to the next worker that is free. Any thread may call it, a worker too. `task`
  /// must not throw.
  void submit(std::function<void(int worker)> task);

 private:
  class State;
  HomeProcess home_;
  std::shared_ptr<State> state_;
};

}  // namespace fastintent
