#include "block_executor.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/address_sanitizer.h"
#include "race_watch.h"

#if defined(FASTINTENT_ADDRESS_SANITIZER)
#include <sanitizer/common_interface_defs.h>
#endif

namespace fastintent::cuda::emulation {
namespace {

// Instrumented frames of kernels that have arrays stay well below this size.
constexpr size_t kStackBytes = 256 * 1024;
constexpr size_t kMostThreads = 1024;  // of a block, as in CUDA
constexpr size_t kSharedAlignment = 128;
constexpr int64_t kMostSharedBytes = 64 * 1024;  // of a block on Turing; later GPUs have more

enum class Standing { ready, at_block_barrier, at_warp_barrier, ended };

// Marks that order the threads passing a barrier. Two are used in turn: a thread that has passed
// may reach the next barrier before others have left this one, and must not order anything for
// those yet.
class BarrierMarks {
 public:
  void* of(unsigned passed) { return &marks_[passed % 2]; }

 private:
  int64_t marks_[2] = {};
};

// A stack and the point at which its owner was suspended. Switching by __builtin_longjmp costs a
// few instructions and no system call; ucontext only starts a stack.
struct Stack {
  void* resume[5] = {};
  void* bottom = nullptr;
  size_t size = 0;
  void* fake_stack = nullptr;  // the address sanitizer's
};

struct Fiber {
  Fiber() {
    void* bottom = mmap(nullptr,
                        kStackBytes,
                        PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                        -1,
                        0);
    if (bottom == MAP_FAILED) {
      throw std::bad_alloc();
    }
    stack.bottom = bottom;
    stack.size = kStackBytes;
  }
  ~Fiber() { munmap(stack.bottom, stack.size); }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  Stack stack;
  WatchedThread watched;
  bool started = false;
  Standing standing = Standing::ended;
  Place place;
  uint64_t offered[2] = {};  // in this exchange and the one before, in turn
  unsigned exchanges = 0;
  unsigned block_barriers = 0;  // passed in this block
  unsigned warp_barriers = 0;
};

// The state of the running kernel; guarded by the lock in run_kernel.
struct Execution {
  std::vector<std::unique_ptr<Fiber>> fibers;
  Stack scheduler;
  Fiber* running = nullptr;
  const std::function<void()>* thread = nullptr;
  std::exception_ptr failure;  // of the first thread of the kernel that failed
  std::span<std::byte> shared;
  WatchedHost host;  // the thread that runs the kernel
  BarrierMarks block_barrier;
  BarrierMarks warp_barriers[kMostThreads / kWarp];
  int64_t begin_of_block = 0;  // marks
  int64_t end_of_block = 0;
};
Execution g_execution;

void before_switch([[maybe_unused]] Stack& from, [[maybe_unused]] const Stack& to) {
#if defined(FASTINTENT_ADDRESS_SANITIZER)
  __sanitizer_start_switch_fiber(&from.fake_stack, to.bottom, to.size);
#endif
}

void after_switch([[maybe_unused]] Stack& now, [[maybe_unused]] Stack* came_from) {
#if defined(FASTINTENT_ADDRESS_SANITIZER)
  const void* bottom = nullptr;
  size_t size = 0;
  __sanitizer_finish_switch_fiber(now.fake_stack, &bottom, &size);
  // The scheduler runs on the calling thread's stack, whose bounds only the sanitizer knows.
  if (came_from != nullptr) {
    came_from->bottom = const_cast<void*>(bottom);
    came_from->size = size;
  }
#endif
}

__attribute__((noinline, noreturn, no_sanitize("address"))) void jump(Stack& to) {
  __builtin_longjmp(to.resume, 1);
}

// Suspends `from` and resumes `to`.
__attribute__((noinline, no_sanitize("address"))) void switch_stacks(Stack& from, Stack& to) {
  if (__builtin_setjmp(from.resume) == 0) {
    jump(to);
  }
}

void yield() {
  Fiber& fiber = *g_execution.running;
  before_switch(fiber.stack, g_execution.scheduler);
  g_execution.host.go_on();
  switch_stacks(fiber.stack, g_execution.scheduler);
  // The scheduler may now be on another thread's stack than before.
  after_switch(fiber.stack, &g_execution.scheduler);
}

// The start of a fiber: it runs one thread of a block after the other, forever.
void run_fiber() {
  after_switch(g_execution.running->stack, &g_execution.scheduler);
  for (;;) {
    happens_after(&g_execution.begin_of_block);
    try {
      (*g_execution.thread)();
    } catch (...) {
      if (g_execution.failure == nullptr) {
        g_execution.failure = std::current_exception();
      }
    }
    happened_before(&g_execution.end_of_block);
    g_execution.running->standing = Standing::ended;
    yield();
  }
}

__attribute__((noinline, no_sanitize("address"))) void start(Fiber& fiber, ucontext_t& context) {
  if (__builtin_setjmp(g_execution.scheduler.resume) == 0) {
    fiber.started = true;
    setcontext(&context);
  }
}

void resume(Fiber& fiber) {
  g_execution.running = &fiber;
  before_switch(g_execution.scheduler, fiber.stack);
  fiber.watched.go_on();
  if (fiber.started) {
    switch_stacks(g_execution.scheduler, fiber.stack);
  } else {
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = fiber.stack.bottom;
    context.uc_stack.ss_size = fiber.stack.size;
    context.uc_link = nullptr;
    makecontext(&context, run_fiber, 0);
    start(fiber, context);
  }
  after_switch(g_execution.scheduler, nullptr);
}

// The threads of one block, run until all have ended.
class Block {
 public:
  Block(const Launch& shape, int64_t block)
      : threads_(static_cast<size_t>(shape.threads)),
        warps_(static_cast<size_t>(divide_up(shape.threads, kWarp))) {
    auto& fibers = g_execution.fibers;
    while (fibers.size() < threads_) {
      fibers.push_back(std::make_unique<Fiber>());
    }
    for (size_t thread = 0; thread < threads_; ++thread) {
      fibers[thread]->standing = Standing::ready;
      fibers[thread]->block_barriers = 0;
      fibers[thread]->warp_barriers = 0;
      fibers[thread]->exchanges = 0;
      fibers[thread]->place = {{static_cast<unsigned>(thread)},
                               {static_cast<unsigned>(block)},
                               {static_cast<unsigned>(shape.threads), 1, 1},
                               {static_cast<unsigned>(shape.blocks), 1, 1}};
    }
  }

  void run() {
    for (bool forward = true; count(Standing::ended) < threads_; forward = !forward) {
      bool went_on = false;
      for (size_t w = 0; w < warps_; ++w) {
        went_on |= run_warp(forward ? w : warps_ - 1 - w, forward);
      }
      if (count(Standing::at_block_barrier) == threads_) {
        let_go_on(0, threads_);
      } else if (!went_on) {
        fail();
      }
    }
  }

 private:
  static Fiber& fiber(size_t thread) { return *g_execution.fibers[thread]; }

  // Runs the warp until none of its threads can continue by itself; returns false when none could.
  bool run_warp(size_t warp, bool forward) {
    const size_t begin = warp * kWarp;
    const size_t end = std::min(threads_, begin + kWarp);
    for (bool went_on = false;; went_on = true, forward = !forward) {
      bool ready = false;
      bool at_barrier = true;
      for (size_t i = begin; i < end; ++i) {
        Fiber& next = fiber(forward ? i : end - 1 - (i - begin));
        if (next.standing == Standing::ready) {
          ready = true;
          resume(next);
        }
        at_barrier = at_barrier && next.standing == Standing::at_warp_barrier;
      }
      if (g_execution.failure != nullptr) {
        abandon();
        std::rethrow_exception(std::exchange(g_execution.failure, nullptr));
      }
      if (!ready) {
        return went_on;
      }
      if (at_barrier) {
        let_go_on(begin, end);
      }
    }
  }

  static void let_go_on(size_t begin, size_t end) {
    for (size_t thread = begin; thread < end; ++thread) {
      fiber(thread).standing = Standing::ready;
    }
  }

  size_t count(Standing standing) const {
    size_t found = 0;
    for (size_t thread = 0; thread < threads_; ++thread) {
      found += fiber(thread).standing == standing ? 1 : 0;
    }
    return found;
  }

  [[noreturn]] void fail() const {
    const std::string found =
        std::to_string(count(Standing::at_block_barrier)) + " at the block's, " +
        std::to_string(count(Standing::at_warp_barrier)) + " at a warp's and " +
        std::to_string(count(Standing::ended)) + " ended";
    abandon();
    throw std::logic_error("kernel: expected all threads at one barrier, found " + found);
  }

  // The fibers are suspended in the middle of a kernel that will not continue.
  static void abandon() {
    for (unsigned barrier : {0U, 1U}) {
      happens_after(g_execution.block_barrier.of(barrier));
      for (BarrierMarks& marks : g_execution.warp_barriers) {
        happens_after(marks.of(barrier));
      }
    }
    happens_after(&g_execution.end_of_block);
    g_execution.fibers.clear();
  }

  size_t threads_;
  size_t warps_;
};

struct FreeShared {
  void operator()(std::byte* bytes) const { std::free(bytes); }
};

std::unique_ptr<std::byte, FreeShared> allocate_shared(int64_t bytes) {
  void* data = nullptr;
  // Not aligned_alloc, whose size must be a multiple of the alignment: the sanitizer should know
  // the exact end.
  if (posix_memalign(&data, kSharedAlignment, static_cast<size_t>(bytes)) != 0) {
    throw std::bad_alloc();
  }
  return std::unique_ptr<std::byte, FreeShared>(static_cast<std::byte*>(data));
}

void wait_at(Standing barrier) {
  g_execution.running->standing = barrier;
  yield();
}

}  // namespace

void run_kernel(const Launch& shape, const std::function<void()>& thread) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  if (shape.threads <= 0 || static_cast<size_t>(shape.threads) > kMostThreads) {
    throw std::logic_error("kernel: expected 1 to 1024 threads a block, found " +
                           std::to_string(shape.threads));
  }
  if (shape.shared_bytes > kMostSharedBytes) {
    throw std::logic_error("kernel: expected at most 64 KB of shared memory a block, found " +
                           std::to_string(shape.shared_bytes) + " bytes");
  }
  g_execution.thread = &thread;
  g_execution.host = WatchedHost();
  for (int64_t block = 0; block < shape.blocks; ++block) {
    const auto shared = allocate_shared(shape.shared_bytes);
    std::memset(shared.get(), 0xff, static_cast<size_t>(shape.shared_bytes));
    g_execution.shared = {shared.get(), static_cast<size_t>(shape.shared_bytes)};
    happened_before(&g_execution.begin_of_block);
    Block(shape, block).run();
    happens_after(&g_execution.end_of_block);
  }
}

const Place& here() {
  return g_execution.running->place;
}

std::byte* shared_bytes() {
  return g_execution.shared.data();
}

bool is_shared(const void* data) {
  const std::span<std::byte> shared = g_execution.shared;
  return data >= shared.data() && data < shared.data() + shared.size();
}

void wait_for_block() {
  void* mark = g_execution.block_barrier.of(g_execution.running->block_barriers++);
  happened_before(mark);
  wait_at(Standing::at_block_barrier);
  happens_after(mark);
}

void wait_for_warp() {
  Fiber& mine = *g_execution.running;
  void* mark = g_execution.warp_barriers[mine.place.thread.x / kWarp].of(mine.warp_barriers++);
  happened_before(mark);
  wait_at(Standing::at_warp_barrier);
  happens_after(mark);
}

uint64_t exchange(uint64_t value, int from) {
  Fiber& mine = *g_execution.running;
  // A lane that continues may offer the next value before all have read this one, but not a third.
  const unsigned place = mine.exchanges++ % 2;
  mine.offered[place] = value;
  // Lanes wait for each other here, but in CUDA that does not order memory.
  wait_at(Standing::at_warp_barrier);
  const size_t first_lane = mine.place.thread.x / kWarp * kWarp;
  return g_execution.fibers[first_lane + static_cast<size_t>(from)]->offered[place];
}

}  // namespace fastintent::cuda::emulation
