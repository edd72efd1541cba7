#pragma once

#include <cstdint>
#include <memory>
#include <utility>

namespace fastintent::python {

/// How often this process is the child of a fork() since the module was imported.
int64_t fork_count();

/// Throws the error for using a `thing` of the parent process.
[[noreturn]] void throw_forked(const char* thing);

/// An object with threads, which a forked child does not have: there, using it is an error, because
/// it would wait forever, and it is never destroyed.
template <typename T>
class ProcessBound {
 public:
  /// `thing` names it in the message and must be a literal.
  template <typename... Arguments>
  explicit ProcessBound(const char* thing, Arguments&&... arguments)
      : thing_(thing),
        forks_(fork_count()),
        value_(std::make_unique<T>(std::forward<Arguments>(arguments)...)) {}
  ~ProcessBound() { reset(); }
  ProcessBound(const ProcessBound&) = delete;
  ProcessBound& operator=(const ProcessBound&) = delete;

  /// Throws invalid_argument in a forked child.
  T& get() const {
    if (forks_ != fork_count()) {
      throw_forked(thing_);
    }
    return *value_;
  }

  /// Destroys the value; it must not be used any more.
  void reset() {
    if (forks_ == fork_count()) {
      value_.reset();
    } else {
      // Its destructor would wait for threads that are not there.
      (void)value_.release();
    }
  }

 private:
  const char* thing_;
  int64_t forks_;
  std::unique_ptr<T> value_;
};

}  // namespace fastintent::python
