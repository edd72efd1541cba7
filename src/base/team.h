#pragma once

#include <cstdint>
#include <functional>

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
  /// `task` must not throw. This class is the team of the calling thread alone.
  virtual void run(const std::function<void(const TeamMember&)>& task) { task(TeamMember(0, 1)); }
};

}  // namespace fastintent
