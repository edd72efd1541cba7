#include "base/opened_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/expect_error.h"
#include "base/mapped_file.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

TEST(OpenedFile, HasTheBytes) {
  const TemporaryFolder folder;
  const std::string bytes("a\0\xff\n", 4);
  const OpenedFile file(folder.write("file", bytes));
  EXPECT_EQ(file.text(4), bytes);
  EXPECT_EQ(MappedFile(file).bytes().size(), 4U);
  EXPECT_EQ(MappedFile(file).bytes()[2], std::byte{0xff});
  std::byte one{};
  file.read(2, {&one, 1});
  EXPECT_EQ(one, std::byte{0xff});
  expect_error(ErrorCode::bad_checkpoint, "at most 3 bytes, found 4", [&] { file.text(3); });
}

TEST(OpenedFile, AnEmptyFileIsFine) {
  const TemporaryFolder folder;
  const OpenedFile file(folder.write("file", ""));
  EXPECT_EQ(file.text(0), "");
  EXPECT_TRUE(MappedFile(file).bytes().empty());
}

TEST(OpenedFile, WhatIsNoFileIsMissingInput) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::missing_input, "absent", [&] { OpenedFile file(folder / "absent"); });
  expect_error(ErrorCode::missing_input, "found a folder", [&] { OpenedFile file(folder.path()); });
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  expect_error(ErrorCode::missing_input, "expected a regular file", [&] {
    OpenedFile file(folder / "pipe");
  });
}

TEST(OpenedFile, NoticesEveryWrite) {
  const TemporaryFolder folder;
  for (int i = 0; i < 20; ++i) {  // also directly after the file was written
    const OpenedFile file(folder.write("file", "aaaa"));
    EXPECT_TRUE(file.unchanged());
    folder.write("file", "bbbb");
    EXPECT_FALSE(file.unchanged());
  }
}

TEST(OpenedFile, StaysReadableWhenItsNameIsGone) {
  const TemporaryFolder folder;
  const OpenedFile file(folder.write("file", "aaaa"));
  fs::rename(folder.write("other", "bbbb"), folder / "file");
  EXPECT_TRUE(file.unchanged());
  EXPECT_EQ(file.text(4), "aaaa");
  const OpenedFile other(folder / "file");
  fs::remove(folder / "file");
  EXPECT_TRUE(other.unchanged());
  EXPECT_EQ(other.text(4), "bbbb");
}

TEST(OpenedFile, AMomentOfAnotherKindIsNoChangeOfContent) {
  const TemporaryFolder folder;
  const OpenedFile file(folder.write("file", "aaaa"));
  fs::create_hard_link(folder / "file", folder / "link");
  EXPECT_TRUE(file.unchanged()) << "a link";
  fs::permissions(folder / "file", fs::perms::owner_read);
  EXPECT_TRUE(file.unchanged()) << "permissions";
}

}  // namespace
}  // namespace fastintent
