#include "base/scratch_folder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <fstream>
#include <optional>

#include "base/in_child.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

class ScratchFolderTest : public testing::Test {
 protected:
  void SetUp() override { ::setenv("TMPDIR", temporary_.path().c_str(), 1); }
  void TearDown() override { ::unsetenv("TMPDIR"); }

  std::vector<fs::path> left() const {
    return {fs::directory_iterator(temporary_.path()), fs::directory_iterator()};
  }

  const TemporaryFolder temporary_;
};

TEST_F(ScratchFolderTest, IsRemovedWithItsContents) {
  {
    const ScratchFolder folder;
    EXPECT_EQ(fs::status(folder.path()).permissions(), fs::perms::owner_all);
    fs::create_directories(folder.path() / "a/b");
  }
  EXPECT_EQ(left(), std::vector<fs::path>{});
}

TEST_F(ScratchFolderTest, OfAKilledProcessIsRemovedByTheNext) {
  EXPECT_EQ(in_child([] {
              const ScratchFolder folder;
              std::ofstream(folder.path() / "weights") << "many bytes";
              ::raise(SIGKILL);
              return std::string();
            }),
            "signal 9");
  EXPECT_EQ(left().size(), 1U);
  const ScratchFolder folder;
  EXPECT_EQ(left(), std::vector<fs::path>{folder.path()});
}

TEST_F(ScratchFolderTest, OfALivingProcessStays) {
  const ScratchFolder folder;
  EXPECT_EQ(in_child([] {
              const ScratchFolder other;
              return other.path().filename().string().substr(0, 10);
            }),
            "fastintent");
  EXPECT_EQ(left(), std::vector<fs::path>{folder.path()});
}

TEST_F(ScratchFolderTest, IsLeftToTheParent) {
  std::optional<ScratchFolder> folder;
  folder.emplace();
  EXPECT_EQ(in_child([&] {
              folder.reset();
              return std::string("done");
            }),
            "done");
  EXPECT_TRUE(fs::exists(folder->path()));
}

// Neither names that only look alike nor links, which may lead anywhere.
TEST_F(ScratchFolderTest, RemovesNothingElse) {
  const TemporaryFolder elsewhere;
  fs::create_directories(elsewhere / "precious");
  fs::create_directory(temporary_ / "fastintent-scratch-mine");
  fs::create_directory(temporary_ / "other-scratch-abcdef");
  fs::create_directory_symlink(elsewhere.path(), temporary_ / "fastintent-scratch-abcdef");
  temporary_.write("fastintent-scratch-fedcba", "a file");
  const size_t before = left().size();
  {
    const ScratchFolder folder;
  }
  EXPECT_EQ(left().size(), before);
  EXPECT_TRUE(fs::exists(elsewhere / "precious"));
}

}  // namespace
}  // namespace fastintent
