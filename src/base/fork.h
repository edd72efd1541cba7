#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

namespace fastintent {

/// How many calls of fork() are between the start of the program and this process.
int64_t fork_count();

/// Remembers the process in which it was made. A child made by fork() has a copy of all memory, but
/// only of the thread that called fork(): what needs the other threads must not be used there.
class HomeProcess {
 public:
  bool is_this() const { return forks_ == fork_count(); }
  /// Throws invalid_argument elsewhere; `thing` names in the message what was made.
  void require(const char* thing) const;

 private:
  int64_t forks_ = fork_count();
};

/// Keeps an object of the parent for ever, in a child: its threads are not there to be waited for,
/// and may have been about to change it.
void leave_to_parent(std::shared_ptr<void> object);

/// A mutex that no thread holds in a child made by fork(), because fork() waits until it is free:
/// what it guards is then never half changed. For short times only, and never while another one is
/// made or destroyed. A thread that holds several has locked them in the order they were made in.
class ForkSafeMutex {
 public:
  ForkSafeMutex();
  ~ForkSafeMutex();
  ForkSafeMutex(const ForkSafeMutex&) = delete;
  ForkSafeMutex& operator=(const ForkSafeMutex&) = delete;

  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

}  // namespace fastintent
