#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fastintent {
namespace {

TEST(ThreadPool, RunsWhatIsSubmittedInOrderAndBesideARun) {
  std::vector<int> order;  // one worker: no lock needed
  {
    ThreadPool pool(1);
    for (int i = 0; i < 100; ++i) {
      pool.submit({[&order, i](int) { order.push_back(i); }});
    }
    std::atomic<int> runs{0};
    pool.run([&](int) { ++runs; });
    EXPECT_EQ(runs, 1);
  }  // the rest is run before the pool ends
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(ThreadPool, MayBeDestroyedByItsOwnTask) {
  for (const int workers : {1, 3}) {
    std::atomic<int> done{0};
    auto pool = std::make_unique<ThreadPool>(workers);
    ThreadPool& submits = *pool;
    std::list<ThreadPool::Task> tasks;
    tasks.emplace_back([&](int) {
      pool.reset();  // runs all others first
      EXPECT_EQ(done, 20);
      ++done;
      done.notify_all();
    });
    for (int i = 0; i < 20; ++i) {
      tasks.emplace_back([&](int) { ++done; });
    }
    submits.submit(std::move(tasks));
    for (int seen = done; seen < 21; seen = done) {
      done.wait(seen);
    }
  }
}

TEST(ThreadPool, RunsForSeveralThreadsOneAfterAnother) {
  ThreadPool pool(2);
  std::atomic<int> inside{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        pool.run([&](int worker) {
          if (worker == 0) {
            EXPECT_EQ(++inside, 1);
            --inside;
          }
        });
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
}

TEST(ThreadPool, SpreadsWhatManyThreadsSubmitOverItsWorkers) {
  std::atomic<int> done{0};
  std::array<std::atomic<int>, 3> by_worker{};
  {
    ThreadPool pool(3);
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 4; ++caller) {
      callers.emplace_back([&] {
        for (int i = 0; i < 50; ++i) {
          pool.submit({[&](int worker) {
            ++by_worker[static_cast<size_t>(worker)];
            ++done;
          }});
        }
      });
    }
    for (std::thread& caller : callers) {
      caller.join();
    }
  }
  EXPECT_EQ(done, 200);
  EXPECT_EQ(by_worker[0] + by_worker[1] + by_worker[2], 200);
}

// Plain ints: the members' waits and the end of the team must order them for us.
TEST(ThreadPool, RunsATeamInStepWithTheCallerAsItsFirstMember) {
  constexpr int kMembers = 3;
  ThreadPool pool(kMembers);
  int taken = 0;
  for (int round = 0; round < 100; ++round) {
    std::vector<int> written(kMembers, 0);
    std::vector<int> read(kMembers, 0);
    std::thread::id first;
    const bool ran = pool.try_run_as_team([&](const TeamMember& member) {
      const auto index = static_cast<size_t>(member.index());
      if (index == 0) {
        first = std::this_thread::get_id();
      }
      for (int step = 1; step <= 5; ++step) {
        written[index] = step * (member.index() + 1);
        member.wait();
        read[index] += written[(index + 1) % kMembers];
        member.wait();
      }
    });
    if (!ran) {
      continue;  // declined for a while: another program uses the cores
    }
    ++taken;
    EXPECT_EQ(first, std::this_thread::get_id());
    EXPECT_EQ(read, std::vector<int>({15 * 2, 15 * 3, 15 * 1}));
  }
  EXPECT_GT(taken, 0);
}

TEST(ThreadPool, DeclinesATeamWhileAWorkerIsBusy) {
  ThreadPool pool(2);
  EXPECT_TRUE(pool.idle());
  std::atomic<bool> begun{false};
  std::atomic<bool> may_end{false};
  pool.submit({[&](int) {
    begun = true;
    while (!may_end) {
      std::this_thread::yield();
    }
  }});
  while (!begun) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(pool.idle());
  EXPECT_FALSE(pool.try_run_as_team([](const TeamMember&) { ADD_FAILURE(); }));
  may_end = true;
}

TEST(ThreadPool, MixesTeamsWithSubmittedTasksAndRuns) {
  std::atomic<int> done{0};
  std::atomic<int> members{0};
  int teams = 0;
  {
    ThreadPool pool(3);
    for (int round = 0; round < 50; ++round) {
      if (pool.try_run_as_team([&](const TeamMember& member) {
            member.wait();
            ++members;
          })) {
        ++teams;
      }
      pool.submit({[&](int) { ++done; }});
      if (round % 10 == 0) {
        pool.run([&](int) { ++done; });
      }
    }
  }
  EXPECT_EQ(done, 50 + 5 * 3);
  EXPECT_EQ(members, 3 * teams);
  EXPECT_GT(teams, 0);  // the first found an idle pool
}

// The other members must not wait for the one that threw, and the next team begins anew.
TEST(ThreadPool, EndsATeamOfWhichAMemberThrows) {
  constexpr int kMembers = 3;
  ThreadPool pool(kMembers);
  int thrown = 0;
  for (int round = 0; round < 100; ++round) {
    const int failing = round % kMembers;
    const int failing_step = round % 4;
    try {
      pool.try_run_as_team([&](const TeamMember& member) {
        for (int step = 0; step < 4; ++step) {
          if (member.index() == failing && step == failing_step) {
            throw std::runtime_error("member " + std::to_string(failing));
          }
          member.wait();
        }
      });
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(error.what(), "member " + std::to_string(failing));
      ++thrown;
    }
    EXPECT_TRUE(pool.idle());
  }
  EXPECT_GT(thrown, 0);  // the first found an idle pool
}

TEST(ThreadPool, HasAtLeastOneWorker) {
  EXPECT_EQ(ThreadPool(3).size(), 3);
  EXPECT_EQ(ThreadPool(1).size(), 1);
  EXPECT_EQ(ThreadPool(0).size(), 1);
  EXPECT_EQ(ThreadPool(-2).size(), 1);
}

TEST(ThreadPool, RunsTheTaskOnceOnEveryWorkerAndWaitsForAll) {
  ThreadPool pool(4);
  std::vector<int> runs(4, 0);  // plain ints: run() must order them for us
  for (int round = 1; round <= 200; ++round) {
    pool.run([&](int worker) { ++runs[static_cast<size_t>(worker)]; });
    EXPECT_EQ(runs, std::vector<int>(4, round));
  }
}

TEST(ThreadPool, KeepsEachWorkerOnItsOwnThread) {
  ThreadPool pool(3);
  std::vector<std::thread::id> first(3);
  std::vector<std::thread::id> later(3);
  pool.run([&](int worker) { first[static_cast<size_t>(worker)] = std::this_thread::get_id(); });
  for (int round = 0; round < 50; ++round) {
    pool.run([&](int worker) { later[static_cast<size_t>(worker)] = std::this_thread::get_id(); });
    EXPECT_EQ(later, first);
  }
  EXPECT_NE(first[0], first[1]);
  EXPECT_NE(first[1], first[2]);
  EXPECT_NE(first[0], first[2]);
  EXPECT_NE(first[0], std::this_thread::get_id());
}

TEST(ThreadPool, RunsWorkersAtTheSameTime) {
  ThreadPool pool(2);
  std::atomic<int> arrived{0};
  pool.run([&](int) {  // neither returns before both have arrived
    ++arrived;
    while (arrived < 2) {
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(arrived, 2);
}

TEST(ThreadPool, ThrowsTheLowestWorkersExceptionAfterAllAreDone) {
  ThreadPool pool(4);
  std::atomic<int> finished{0};
  const auto fail_from_1 = [&](int worker) {
    ++finished;
    if (worker >= 1) {
      throw std::runtime_error("worker " + std::to_string(worker));
    }
  };
  for (int round = 1; round <= 20; ++round) {
    try {
      pool.run(fail_from_1);
      ADD_FAILURE() << "expected an exception";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "worker 1");
    }
    EXPECT_EQ(finished, 4 * round);
  }
}

TEST(ThreadPool, WorksOnAfterAnException) {
  ThreadPool pool(2);
  EXPECT_THROW(pool.run([](int) { throw std::logic_error("once"); }), std::logic_error);
  std::vector<int> runs(2, 0);
  EXPECT_NO_THROW(pool.run([&](int worker) { runs[static_cast<size_t>(worker)] = 1; }));
  EXPECT_EQ(runs, std::vector<int>({1, 1}));
}

TEST(ThreadPool, EndsWithoutEverRunning) {
  for (int round = 0; round < 20; ++round) {
    ThreadPool pool(3);
  }
}

}  // namespace
}  // namespace fastintent
