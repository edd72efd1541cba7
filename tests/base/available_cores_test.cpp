#include "base/available_cores.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <map>
#include <string>
#include <thread>

#include "base/temporary_folder.h"

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

// The cores of a machine with these files.
int cores_with(const std::map<std::string, std::string>& files) {
  const TemporaryFolder root;
  for (const auto& [name, text] : files) {
    std::filesystem::create_directories((root / name).parent_path());
    root.write(name, text);
  }
  return available_cores(root.path());
}

// Needs at least two cores: with one, no quota makes a difference.
class CpuQuota : public testing::Test {
 protected:
  void SetUp() override {
    if (all_ < 2) {
      GTEST_SKIP() << "this process has one core";
    }
  }
  const int all_ = available_cores();
};

TEST_F(CpuQuota, OfTheRootOfEitherVersionCounts) {
  EXPECT_EQ(cores_with({}), all_);
  EXPECT_EQ(cores_with({{"sys/fs/cgroup/cpu.max", "100000 100000\n"}}), 1);
  EXPECT_EQ(cores_with({{"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n"},
                        {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}}),
            1);
  EXPECT_EQ(cores_with({{"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n"},
                        {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"}}),
            1)
      << "half a core";
  EXPECT_EQ(cores_with({{"sys/fs/cgroup/cpu.max", "100001 100000\n"}}), 2) << "rounded up";
}

TEST_F(CpuQuota, OfAnyGroupAroundTheProcessCounts) {
  EXPECT_EQ(cores_with({{"proc/self/cgroup", "0::/outer/inner\n"},
                        {"sys/fs/cgroup/outer/cpu.max", "100000 100000\n"},
                        {"sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n"}}),
            1);
  EXPECT_EQ(cores_with({{"proc/self/cgroup", "4:memory:/other\n2:cpuacct,cpu:/docker/ab:c\n"},
                        {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
                        {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"},
                        {"sys/fs/cgroup/cpu/docker/ab:c/cpu.cfs_quota_us", "20000\n"},
                        {"sys/fs/cgroup/cpu/docker/ab:c/cpu.cfs_period_us", "20000\n"}}),
            1);
  EXPECT_EQ(cores_with({{"proc/self/cgroup", "2:cpu:/mine\n"},
                        {"sys/fs/cgroup/cpu/theirs/cpu.cfs_quota_us", "20000\n"},
                        {"sys/fs/cgroup/cpu/theirs/cpu.cfs_period_us", "20000\n"}}),
            all_)
      << "another group's";
}

TEST_F(CpuQuota, IsIgnoredWhereItIsNoNumber) {
  for (const char* text : {"", "max 100000", "-1 100000", "100000", "100000 0", "x y"}) {
    EXPECT_EQ(cores_with({{"sys/fs/cgroup/cpu.max", text},
                          {"proc/self/cgroup", "garbage\n0::/../../up\n::\n"}}),
              all_)
        << text;
  }
}

}  // namespace
}  // namespace fastintent
