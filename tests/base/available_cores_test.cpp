#include "base/available_cores.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace fastintent {
namespace {

TEST(AvailableCores, AreAtLeastOneAndNoMoreThanTheMachineHas) {
  EXPECT_GE(available_cores(), 1);
  EXPECT_LE(available_cores(), static_cast<int>(std::thread::hardware_concurrency()));
}

TEST(AvailableCores, AreThoseThatTheThreadMayRunOn) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  int first = 0;
  while (!CPU_ISSET(first, &allowed)) {
    ++first;
  }
  std::thread([first] {  // the affinity of this thread only
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    EXPECT_EQ(available_cores(), 1);
  })
      .join();
}

}  // namespace
}  // namespace fastintent
