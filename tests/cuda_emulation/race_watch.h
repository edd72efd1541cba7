#pragma once

// Reports a kernel's threads to the thread sanitizer, which treats them as threads of the process:
// it then reports two of them that access the same memory, one writing, with no barrier between, in
// whichever order they ran. In a build without the sanitizer all of this does nothing.
//
// Callers are compiled without the sanitizer, because a function that it instruments must not
// change threads.
namespace fastintent::cuda::emulation {

/// Whether the sanitizer is present.
bool races_show();

/// A thread as the sanitizer sees it.
class WatchedThread {
 public:
  WatchedThread();
  ~WatchedThread();
  WatchedThread(const WatchedThread&) = delete;
  WatchedThread& operator=(const WatchedThread&) = delete;

  /// Code from here on runs as this thread; the switch orders nothing.
  void go_on() const;

 private:
  void* context_;
};

/// The host's thread that calls it.
class WatchedHost {
 public:
  WatchedHost();
  void go_on() const;

 private:
  void* context_;
};

/// This thread's work so far is ordered before the work of others after they see `mark`.
void happened_before(void* mark);
void happens_after(void* mark);

}  // namespace fastintent::cuda::emulation
