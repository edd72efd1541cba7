#include "hub/hub_cache.h"

#include <filesystem>

#include "base/expect_error.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

const std::string kCommit(40, 'a');
const std::string kChecksum(64, 'b');

TEST(HubCache, Layout) {
  const HubCache cache("/cache", "org/name");
  const fs::path model = "/cache/models--org--name";
  EXPECT_EQ(cache.snapshot(kCommit), model / "snapshots" / kCommit);
  EXPECT_EQ(cache.blob(kChecksum), model / "blobs" / kChecksum);
  EXPECT_EQ(cache.lock(kChecksum), "/cache/.locks/models--org--name/" + kChecksum + ".lock");
  EXPECT_EQ(HubCache("/cache", "name").snapshot("x"), "/cache/models--name/snapshots/x");
}

TEST(HubCache, FindsWhatARefOrACommitNames) {
  const TemporaryFolder folder;
  const HubCache cache(folder.path(), "org/name");
  EXPECT_FALSE(cache.find_snapshot("main"));
  cache.write_ref("main", kCommit);
  cache.write_ref("refs/pr/1", kCommit);
  EXPECT_FALSE(cache.find_snapshot("main"));  // of a snapshot that is gone
  fs::create_directories(cache.snapshot(kCommit));
  for (const std::string& revision : {std::string("main"), std::string("refs/pr/1"), kCommit}) {
    EXPECT_EQ(cache.find_snapshot(revision), cache.snapshot(kCommit)) << revision;
  }
  EXPECT_FALSE(cache.find_snapshot("other"));
  cache.write_ref("main", "../../../..");
  EXPECT_FALSE(cache.find_snapshot("main"));
}

TEST(HubCache, LinksAreRelativeAndReplaced) {
  const TemporaryFolder folder;
  const HubCache cache(folder.path(), "org/name");
  const fs::path file = cache.snapshot(kCommit) / "1_Pooling" / "config.json";
  cache.link(kCommit, "1_Pooling/config.json", "old");
  cache.link(kCommit, "1_Pooling/config.json", kChecksum);
  cache.link(kCommit, "1_Pooling/config.json", kChecksum);
  EXPECT_EQ(fs::read_symlink(file), "../../../blobs/" + kChecksum);
}

TEST(HubCache, APlaceThatCannotBeWritten) {
  const TemporaryFolder folder;
  const HubCache cache(folder.write("file", ""), "org/name");
  expect_error(ErrorCode::cannot_create, "file", [&] { cache.write_ref("main", kCommit); });
  expect_error(ErrorCode::cannot_create, "file", [&] { cache.link(kCommit, "a", kChecksum); });
}

}  // namespace
}  // namespace fastintent
