#include "base/file_writer.h"

#include <algorithm>

#include "base/expect_error.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

auto count_entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

TEST(FileWriter, ReplacesAFile) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "old");
  FileWriter writer(file);
  writer.write("new ");
  writer.write("content");
  EXPECT_EQ(read_whole(file), "old");
  writer.finish();
  EXPECT_EQ(read_whole(file), "new content");
  EXPECT_EQ(count_entries(folder.path()), 1);
}

TEST(FileWriter, WithoutFinishTheOldFileStays) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "old");
  {
    FileWriter(file).write("new");
  }
  EXPECT_EQ(read_whole(file), "old");
  EXPECT_EQ(count_entries(folder.path()), 1);
}

TEST(FileWriter, FollowsALink) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "old");
  fs::create_symlink("file", folder / "link");
  write_file(folder / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_whole(file), "new");
}

TEST(FileWriter, WritesToADeviceDirectly) {
  write_file("/dev/null", "text");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(FileWriter, AFullDeviceIsAnIoError) {
  if (!fs::is_character_file("/dev/full")) {
    GTEST_SKIP() << "no /dev/full here";
  }
  expect_error(ErrorCode::io_error, "/dev/full", [] { write_file("/dev/full", "text"); });
}

TEST(FileWriter, AnAbsentFolderCannotBeWrittenTo) {
  const TemporaryFolder folder;
  expect_error(
      ErrorCode::cannot_create, "absent", [&] { write_file(folder / "absent/file", "text"); });
  expect_error(ErrorCode::cannot_create, "create", [&] { write_file(folder.path(), "text"); });
}

}  // namespace
}  // namespace fastintent
