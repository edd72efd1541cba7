#include "base/fork.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/in_child.h"
#include "base/thread_pool.h"

namespace fastintent {
namespace {

TEST(HomeProcess, IsKnownAfterAFork) {
  const HomeProcess home{};
  EXPECT_TRUE(home.is_this());
  EXPECT_EQ(in_child([&] {
              const HomeProcess other{};
              const bool right = !home.is_this() && other.is_this() && fork_count() == 1;
              const std::string nested = in_child([&] {
                return std::string(home.is_this() || other.is_this() ? "wrong" : "right");
              });
              return right ? nested : "wrong";
            }),
            "right");
  EXPECT_TRUE(home.is_this());
}

// Children are made while other threads change both values; each must find them equal and the
// mutexes free.
TEST(ForkSafeMutex, IsFreeInAChildAndWhatItGuardsIsWhole) {
  ForkSafeMutex outer;
  ForkSafeMutex inner;
  int first = 0;
  int second = 0;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    while (!done) {
      const std::lock_guard lock(outer);
      ++first;
      std::this_thread::yield();
      const std::lock_guard nested(inner);
      ++second;
    }
  });
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(in_child([&] {
                const std::lock_guard lock(outer);
                const std::lock_guard nested(inner);
                return std::string(first == second ? "same" : "different");
              }),
              "same");
  }
  done = true;
  writer.join();
}

TEST(ThreadPool, OfTheParentIsRefusedInAChild) {
  auto pool = std::make_unique<ThreadPool>(2);
  const auto expect = [&](const char* found, const std::function<void()>& work) {
    EXPECT_EQ(in_child([&] {
                work();
                return std::string("done");
              }),
              found);
  };
  const char* refused =
      "worker threads: expected one made in this process, found one made before fork(), whose "
      "threads stayed behind; make it in each process, or start processes with \"spawn\"";
  expect(refused, [&] { pool->run([](int) {}); });
  expect("done", [&] {
    if (pool->idle() || pool->try_run_as_team([](const TeamMember&) {})) {
      throw std::runtime_error("uses workers");
    }
  });
  expect("done", [&] { pool.reset(); });
  expect("done", [&] { ThreadPool(2).run([](int) {}); });
  std::atomic<int> runs{0};
  pool->run([&](int) { ++runs; });
  EXPECT_EQ(runs, 2);
}

}  // namespace
}  // namespace fastintent
