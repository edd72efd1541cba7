#include "base/mapped_file.h"

#include <sys/stat.h>

#include "base/expect_error.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

TEST(MappedFile, ShowsTheBytes) {
  const TemporaryFolder folder;
  const std::string bytes("a\0\xff\n", 4);
  const MappedFile file(folder.write("file", bytes));
  EXPECT_EQ(file.text(), bytes);
  EXPECT_EQ(file.bytes().size(), 4U);
  EXPECT_EQ(file.bytes()[2], std::byte{0xff});
}

TEST(MappedFile, AnEmptyFileIsFine) {
  const TemporaryFolder folder;
  EXPECT_TRUE(MappedFile(folder.write("file", "")).bytes().empty());
}

TEST(MappedFile, WhatIsNoFileIsMissingInput) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::missing_input, "absent", [&] { MappedFile file(folder / "absent"); });
  expect_error(ErrorCode::missing_input, "found a folder", [&] { MappedFile file(folder.path()); });
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  expect_error(ErrorCode::missing_input, "expected a regular file", [&] {
    MappedFile file(folder / "pipe");
  });
}

}  // namespace
}  // namespace fastintent
