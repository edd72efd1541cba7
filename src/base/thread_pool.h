#pragma once

#include <functional>
#include <list>
#include <memory>

#include "base/fork.h"
#include "base/team.h"

namespace fastintent {

/// More workers than any machine has cores: a larger number is a typing error.
constexpr int kMostWorkers = 1024;

/// A fixed set of worker threads that run one task together, or many small ones in the order they
/// were submitted. Idle workers sleep; before that, all but the first look for more work for a
/// moment. In a child made by fork() there are no workers: run() throws invalid_argument, submit() must
/// not be called, and the destructor leaves all to the parent.
class ThreadPool {
 public:
  using Task = std::function<void(int worker)>;

  /// Starts `workers` threads, at least one. Throws out_of_resources or std::bad_alloc.
  explicit ThreadPool(int workers);
  /// Runs what was submitted, then ends the workers. A task may destroy the pool: its worker then ends
  /// after the task.
  ~ThreadPool();

  int size() const;

  /// Runs task(worker) on every worker, worker = 0 .. size() - 1, always on the same thread, and
  /// returns when all are done. Throws the exception of the lowest worker that threw. From any thread
  /// but a worker; of several at a time, one after another.
  void run(const Task& task) {
    run(task, [] {});
  }
  /// Also calls `meanwhile` ten times per second on the calling thread, until it throws; rethrows
  /// that when all are done.
  void run(const Task& task, const std::function<void()>& meanwhile);

  /// Runs `task` on a team of the calling thread and all workers but the first, because the caller
  /// uses its core, and returns true when all are done; false at once when a worker has anything
  /// else to do, and for a while after a team in which threads lost their cores to others. Throws
  /// the exception of a member. From any thread but a worker.
  bool try_run_as_team(const std::function<void(const TeamMember&)>& task);

  /// Whether no worker has anything to do.
  bool idle() const;

  /// Hands each of `tasks` to the next worker that is free, in their order. Any thread may call it,
  /// a worker too. The tasks must not throw. Allocates nothing, so that a caller has done everything
  /// that can fail before the first of them runs.
  void submit(std::list<Task> tasks) noexcept;

 private:
  class State;
  HomeProcess home_;
  std::shared_ptr<State> state_;
};

}  // namespace fastintent
