#pragma once

// Describes a kernel's threads to the thread sanitizer as threads of its own. It then reports two
// of them that access the same memory, one writing, with no barrier between, whatever the order in
// which they ran. In a build without the sanitizer these functions do nothing.
//
// Callers are compiled without the sanitizer, since a function that it watches must not change
// threads.
namespace fastintent::cuda::emulation {

/// Whether the sanitizer is active.
bool races_show();

/// A thread as the sanitizer sees it.
class WatchedThread {
 public:
  WatchedThread();
  ~WatchedThread();
  WatchedThread(const WatchedThread&) = delete;
  WatchedThread& operator=(const WatchedThread&) = delete;

  /// Everything that runs from here on belongs to this thread; this call orders nothing.
  void go_on() const;

 private:
  void* context_;
};

/// The host thread that constructs it.
class WatchedHost {
 public:
  WatchedHost();
  void go_on() const;

 private:
  void* context_;
};

/// Everything that this thread did so far precedes what other threads do after happens_after(mark).
void happened_before(void* mark);
void happens_after(void* mark);

}  // namespace fastintent::cuda::emulation
