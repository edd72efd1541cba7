#include "race_watch.h"

#include <sanitizer/tsan_interface.h>

// Weak: null if the sanitizer's runtime is not linked.
#pragma weak __tsan_acquire
#pragma weak __tsan_release
#pragma weak __tsan_get_current_fiber
#pragma weak __tsan_create_fiber
#pragma weak __tsan_destroy_fiber
#pragma weak __tsan_switch_to_fiber

namespace fastintent::cuda::emulation {
namespace {

void switch_to(void* context) {
  if (races_show()) {
    __tsan_switch_to_fiber(context, __tsan_switch_to_fiber_no_sync);
  }
}

}  // namespace

bool races_show() {
  return __tsan_switch_to_fiber != nullptr;
}

WatchedThread::WatchedThread() : context_(races_show() ? __tsan_create_fiber(0) : nullptr) {}

WatchedThread::~WatchedThread() {
  if (races_show()) {
    __tsan_destroy_fiber(context_);
  }
}

void WatchedThread::go_on() const {
  switch_to(context_);
}

WatchedHost::WatchedHost() : context_(races_show() ? __tsan_get_current_fiber() : nullptr) {}

void WatchedHost::go_on() const {
  switch_to(context_);
}

void happened_before(void* mark) {
  if (races_show()) {
    __tsan_release(mark);
  }
}

void happens_after(void* mark) {
  if (races_show()) {
    __tsan_acquire(mark);
  }
}

}  // namespace fastintent::cuda::emulation
