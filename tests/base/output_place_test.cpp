#include "base/output_place.h"

#include <limits>

#include "base/expect_error.h"
#include "base/output_lock.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

TEST(OutputPlace, CompanionsAreBesideAFolder) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "model");
  EXPECT_EQ(companion(folder / "model", ".training"), folder / "model.training");
  EXPECT_EQ(companion(folder / "absent", ".training"), folder / "absent.training");
  EXPECT_EQ(hidden_companion(folder / "model", ".lock"), folder / ".model.lock");
}

// /proc is the root of a mounted file system on every Linux.
TEST(OutputPlace, CompanionsAreInTheRootOfAMountedFileSystem) {
  EXPECT_FALSE(has_place_beside("/proc"));
  EXPECT_EQ(companion("/proc", ".training"), "/proc/.fastintent.training");
  EXPECT_EQ(hidden_companion("/proc", ".lock"), "/proc/.fastintent.lock");
}

TEST(OutputPlace, FindsTheCompanionsOfAllProcesses) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "model");
  folder.write(".model.12.partial", "");
  folder.write(".model.x.partial", "");
  folder.write("model/.fastintent.7.partial", "");
  EXPECT_EQ(companions_of_all(folder / "model", ".partial"),
            (std::vector<fs::path>{folder / ".model.12.partial",
                                   folder / "model/.fastintent.7.partial"}));
}

TEST(OutputPlace, KnowsTheCurrentFolder) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "model/notes");
  const fs::path before = fs::current_path();
  fs::current_path(folder / "model/notes");
  EXPECT_TRUE(holds_current_folder(fs::canonical(folder / "model")));
  EXPECT_FALSE(holds_current_folder(fs::canonical(folder / "model").string() + "s"));
  fs::current_path(before);
  EXPECT_FALSE(holds_current_folder(fs::canonical(folder / "model")));
}

TEST(OutputPlace, FreeBytesOfAPathThatWillBe) {
  const TemporaryFolder folder;
  EXPECT_GT(free_bytes(folder / "a/b/c"), 0);
  EXPECT_EQ(free_bytes("/proc/self"), std::numeric_limits<int64_t>::max());
}

TEST(OutputLock, IsHeldByOneRun) {
  const TemporaryFolder folder;
  const fs::path file = folder / ".model.lock";
  {
    const OutputLock lock("train", file);
    expect_error(ErrorCode::cannot_create, "another one at it", [&] {
      const OutputLock second("train", file);
    });
    EXPECT_TRUE(fs::exists(file)) << "removed by the run that was refused";
  }
  EXPECT_FALSE(fs::exists(file));
  folder.write(".model.lock", "");  // left over by a process that was killed
  const OutputLock again("train", file);
}

TEST(OutputLock, FollowsNoLink) {
  const TemporaryFolder folder;
  fs::create_symlink("elsewhere", folder / ".model.lock");
  expect_error(ErrorCode::cannot_create, ".model.lock", [&] {
    const OutputLock lock("train", folder / ".model.lock");
  });
  EXPECT_FALSE(fs::exists(folder / "elsewhere"));
}

}  // namespace
}  // namespace fastintent
