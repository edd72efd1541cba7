#include "base/available_memory.h"

#include <gtest/gtest.h>

#include "base/temporary_folder.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

// A file system with 8 GiB free and no groups.
class AvailableMemory : public testing::Test {
 protected:
  AvailableMemory() {
    write("proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable:    8388608 kB\n");
  }

  void write(const std::string& name, const std::string& content) const {
    fs::create_directories((folder_ / name).parent_path());
    folder_.write(name, content);
  }
  int64_t found() const { return available_memory(folder_.path()); }

  static constexpr int64_t kGibibyte = int64_t{1} << 30;

  TemporaryFolder folder_;
};

TEST(AvailableMemoryHere, IsMoreThanNothing) {
  EXPECT_GT(available_memory(), 0);
}

TEST_F(AvailableMemory, IsWhatTheMachineHasFree) {
  EXPECT_EQ(found(), 8 * kGibibyte);
  write("sys/fs/cgroup/memory.max", "max\n");
  write("sys/fs/cgroup/memory.current", "12345\n");
  EXPECT_EQ(found(), 8 * kGibibyte);
  write("proc/meminfo", "MemAvailable:    8388608 kB\nSwapFree: 1048576 kB\n");
  EXPECT_EQ(found(), 9 * kGibibyte);
}

TEST_F(AvailableMemory, IsWhatAGroupLeaves) {
  write("sys/fs/cgroup/memory.max", std::to_string(3 * kGibibyte));
  write("sys/fs/cgroup/memory.current", std::to_string(2 * kGibibyte));
  EXPECT_EQ(found(), kGibibyte);
  write("sys/fs/cgroup/memory.stat", "anon 1\nfile " + std::to_string(kGibibyte) + "\n");
  EXPECT_EQ(found(), 2 * kGibibyte) << "pages of files can be freed";
  write("sys/fs/cgroup/memory.current", std::to_string(5 * kGibibyte));
  EXPECT_EQ(found(), 0);
}

TEST_F(AvailableMemory, IsTheLeastOfTheGroupsAround) {
  write("proc/self/cgroup", "0::/outer/inner\n");
  write("sys/fs/cgroup/outer/memory.max", std::to_string(2 * kGibibyte));
  write("sys/fs/cgroup/outer/memory.current", "0");
  write("sys/fs/cgroup/outer/inner/memory.max", std::to_string(4 * kGibibyte));
  write("sys/fs/cgroup/outer/inner/memory.current", "0");
  EXPECT_EQ(found(), 2 * kGibibyte);
}

TEST_F(AvailableMemory, KnowsTheGroupsOfVersionOne) {
  write("proc/self/cgroup", "9:cpu,cpuacct:/other\n8:memory:/job\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "0\n");
  EXPECT_EQ(found(), 8 * kGibibyte);
  write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", std::to_string(kGibibyte));
  write("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "0\n");
  EXPECT_EQ(found(), kGibibyte);
}

}  // namespace
}  // namespace fastintent
