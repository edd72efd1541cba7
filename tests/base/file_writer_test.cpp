#include "base/file_writer.h"

#include <sys/stat.h>
#include <unistd.h>

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

mode_t mode_of(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

fs::path partial_of(const fs::path& file) {
  return file.parent_path() / fmt::format(".{}.{}.partial", file.filename().string(), ::getpid());
}

TEST(FileWriter, IsReadableByNobodyElseWhileItGrowsAndThenKeepsTheOldPermissions) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "old");
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  FileWriter writer(file);
  writer.write("new");
  EXPECT_EQ(mode_of(partial_of(file)), 0600U);
  writer.finish();
  EXPECT_EQ(mode_of(file), 0640U);

  FileWriter kept(file, FileWriter::Unfinished::kept);
  kept.write("newer");
  EXPECT_EQ(mode_of(folder / "file.partial"), 0600U);
  kept.finish();
  EXPECT_EQ(mode_of(file), 0640U);
}

TEST(FileWriter, ANewFileHasThePermissionsOfAnyNewOne) {
  const TemporaryFolder folder;
  const mode_t mask = ::umask(027);
  write_file(folder / "file", "new");
  ::umask(mask);
  EXPECT_EQ(mode_of(folder / "file"), 0640U);
}

TEST(FileWriter, FollowsNoLinkThatSomebodyPutInThePlaceOfItsOwnFile) {
  const TemporaryFolder folder;
  const fs::path precious = folder.write("precious", "mine");
  fs::create_symlink(precious, partial_of(folder / "file"));
  write_file(folder / "file", "new");
  EXPECT_EQ(read_whole(folder / "file"), "new");

  fs::create_symlink(precious, folder / "file.partial");
  const auto keep = [&] { FileWriter(folder / "file", FileWriter::Unfinished::kept).write("x"); };
  expect_error(ErrorCode::cannot_create, "a link in its place", keep);
  fs::remove(folder / "file.partial");
  fs::create_hard_link(precious, folder / "file.partial");
  expect_error(ErrorCode::cannot_create, "somebody else", keep);
  EXPECT_EQ(read_whole(precious), "mine");
}

TEST(FileWriter, RemovesWhatDeadProcessesLeft) {
  const TemporaryFolder folder;
  folder.write(".file.1.partial", "half");
  folder.write(".file.x.partial", "not ours");
  write_file(folder / "file", "new");
  EXPECT_FALSE(fs::exists(folder / ".file.1.partial"));
  EXPECT_TRUE(fs::exists(folder / ".file.x.partial"));
}

TEST(FileWriter, TwoWritersOfOneFileAreRefused) {
  const TemporaryFolder folder;
  const FileWriter first(folder / "file");
  expect_error(ErrorCode::cannot_create, "another run", [&] { write_file(folder / "file", ""); });
  const FileWriter kept(folder / "kept", FileWriter::Unfinished::kept);
  expect_error(ErrorCode::cannot_create, "another run", [&] {
    FileWriter(folder / "kept", FileWriter::Unfinished::kept);
  });
}

TEST(FileWriter, WhatIsKeptIsContinued) {
  const TemporaryFolder folder;
  FileWriter(folder / "file", FileWriter::Unfinished::kept).write("one ");
  FileWriter writer(folder / "file", FileWriter::Unfinished::kept);
  writer.write("two");
  writer.finish();
  EXPECT_EQ(read_whole(folder / "file"), "one two");
  EXPECT_EQ(count_entries(folder.path()), 1);
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
