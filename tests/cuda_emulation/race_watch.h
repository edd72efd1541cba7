#pragma once

// What the thread sanitizer is told of a kernel's threads, which it takes for threads of its own:
// then it reports two of them that touch the same memory, one writing, with no barrier between,
// whatever the order in which they ran. In a build without it all of this does nothing.
//
// Who calls this is compiled without the sanitizer, since a function that it watches must not
// change threads.
namespace fastintent::cuda::emulation {

/// Whether the sanitizer is there.
bool races_show();

/// A thread as the sanitizer sees it.
class WatchedThread {
 public:
  WatchedThread();
  ~WatchedThread();
  WatchedThread(const WatchedThread&) = delete;
  WatchedThread& operator=(const WatchedThread&) = delete;

  /// What runs from here on is this thread's, and orders nothing.
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

/// What this thread did so far comes before what others do after seeing `mark`.
void happened_before(void* mark);
void happens_after(void* mark);

}  // namespace fastintent::cuda::emulation
