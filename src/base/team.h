#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>

#include "base/spin_barrier.h"

namespace fastintent {

/// Items [begin, end).
struct Share {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t count() const { return end - begin; }
};

/// One of the threads that run a task in step.
class TeamMember {
 public:
  TeamMember(int index, int size) : index_(index), size_(size) {}
  virtual ~TeamMember() = default;
  TeamMember(const TeamMember&) = delete;
  TeamMember& operator=(const TeamMember&) = delete;

  int index() const { return index_; }
  int size() const { return size_; }

  /// This member's part of `items`: parts are adjacent and their sizes differ by at most one item.
  Share share(int64_t items) const {
    return {items * index_ / size_, items * (index_ + 1) / size_};
  }

  /// Returns when every member has called it equally often: their earlier writes are then visible.
  /// Throws when another member has thrown; the task must let that exception pass.
  virtual void wait() const {}

 private:
  int index_;
  int size_;
};

/// Threads that can run a task together. One thread calls it at a time.
class Team {
 public:
  Team() = default;
  virtual ~Team() = default;
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  virtual int size() const { return 1; }

  /// Runs `task` on every member, the calling thread one of them, and returns when all are done.
  /// Throws the exception of a member. This class is the team of the calling thread alone.
  virtual void run(const std::function<void(const TeamMember&)>& task) { task(TeamMember(0, 1)); }
};

/// One task of a team of `size` threads, on the stack of the thread that calls for it. Each thread
/// calls run_member once; the caller is member 0 and then waits for the others.
class TeamRun {
 public:
  /// `task` must outlive it.
  TeamRun(const std::function<void(const TeamMember&)>& task, int size);
  TeamRun(const TeamRun&) = delete;
  TeamRun& operator=(const TeamRun&) = delete;

  /// Runs the task as member `index`. Members but the first must not touch this object afterwards.
  /// A member that throws does not leave the others waiting: their next wait() throws, too.
  void run_member(int index) noexcept;

  /// Returns when all members but the first have run; their writes are then visible.
  void wait_for_others() const;

  /// Throws the exception of the member that threw first. Call it when all have run.
  void rethrow() const;

  /// Whether a member lost its core to another program and the others had to wait for it.
  bool gave_way() const { return barrier_.gave_way(); }

 private:
  const std::function<void(const TeamMember&)>& task_;
  const int size_;
  SpinBarrier barrier_;
  std::atomic<int> others_;  // members but the first that have not finished
  std::atomic<bool> failed_{false};
  std::exception_ptr error_;  // of the member that set failed_
};

/// Declines teams for a while after one that gave way. Where other programs compete for the cores,
/// members wait again and again for one that has lost its core, which is slower than no team. One
/// thread at a time.
class TeamPauses {
 public:
  /// Whether to decline a team now.
  bool decline();
  /// Reports a team that has ended.
  void ended(bool gave_way);

 private:
  int left_ = 0;  // teams to decline
  int last_ = 1;  // the length of the last pause
};

}  // namespace fastintent
