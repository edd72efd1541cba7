#include "hub/checksum.h"

#include "base/expect_error.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

// As sha256sum and `git hash-object` print them for "hello\n" and for nothing.
const std::string kSha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
const std::string kGit = "ce013625030ba8dba906f756967f9e9ca394464a";
const std::string kGitOfNothing = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

TEST(Checksum, OfBothKinds) {
  const TemporaryFolder folder;
  const auto file = folder.write("file", "hello\n");
  const auto other = folder.write("other", "hello");
  EXPECT_TRUE(has_checksum(file, kSha256));
  EXPECT_TRUE(has_checksum(file, kGit));
  EXPECT_FALSE(has_checksum(other, kSha256));
  EXPECT_FALSE(has_checksum(other, kGit));
  EXPECT_TRUE(has_checksum(folder.write("empty", ""), kGitOfNothing));
}

TEST(Checksum, OfALargeFile) {
  const TemporaryFolder folder;
  const auto file = folder.write("file", std::string(3 << 20, 'a'));
  EXPECT_TRUE(
      has_checksum(file, "6f850bc94ae6f7de14297c01616c36d712d22864497b28a63b81d776b035e656"));
  EXPECT_TRUE(has_checksum(file, "77db3e71337e02a731156f82932233d551e98b94"));
}

TEST(Checksum, OfAnUnreadableFile) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::io_error, "checksum", [&] { has_checksum(folder / "absent", kSha256); });
}

TEST(Checksum, WhatLooksLikeOne) {
  EXPECT_TRUE(is_checksum(kSha256));
  EXPECT_TRUE(is_checksum(kGit));
  EXPECT_FALSE(is_checksum(""));
  EXPECT_FALSE(is_checksum("../" + kGit.substr(3)));
  EXPECT_FALSE(is_checksum(kGit + "0"));
}

}  // namespace
}  // namespace fastintent
