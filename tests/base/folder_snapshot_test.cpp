#include "base/folder_snapshot.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "base/exchange_folders.h"
#include "base/expect_error.h"
#include "base/replace_folder.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMany = 1 << 20;

// A folder of three files with the same content each, one of them in a folder of its own.
void write_files(const fs::path& folder, const std::string& content) {
  fs::create_directories(folder / "inner");
  for (const char* name : {"a", "b", "inner/c"}) {
    std::ofstream(folder / name) << content;
  }
}

std::string read_files(const SnapshotPath& at) {
  return *(at / "a").text(kMany) + *(at / "b").text(kMany) + *(at / "inner" / "c").text(kMany);
}

class Snapshot : public testing::Test {
 protected:
  Snapshot() { write_files(folder_, "1"); }

  const TemporaryFolder around_;
  const fs::path folder_ = around_ / "model";
};

TEST_F(Snapshot, HasTheFiles) {
  const SnapshotPath at(folder_);
  EXPECT_EQ(read_files(at), "111");
  EXPECT_EQ((at / "inner" / "c").string(), (folder_ / "inner/c").string());
  EXPECT_EQ((at / "inner" / "c").parent().string(), (folder_ / "inner").string());
  EXPECT_TRUE((at / "inner" / ".." / "a").exists());
  EXPECT_FALSE((at / "d").exists());
  EXPECT_FALSE((at / "inner" / "d").exists());
  EXPECT_TRUE(at.snapshot().unchanged());
  expect_error(ErrorCode::missing_input, (folder_ / "d").string(), [&] { (at / "d").open(); });
  EXPECT_TRUE(at.snapshot().unchanged());
}

TEST_F(Snapshot, NeedsAFolder) {
  for (const fs::path& none : {around_ / "none", folder_ / "a", fs::path()}) {
    expect_error(
        ErrorCode::missing_input, "expected a folder, found", [&] { SnapshotPath at(none); });
  }
}

TEST_F(Snapshot, IsOfTheFolderThatWasOpened) {
  write_files(around_ / "other", "2");
  const SnapshotPath at(folder_);
  ASSERT_TRUE(exchange_folders(around_ / "other", folder_));
  EXPECT_EQ(read_files(at), "111");
  EXPECT_TRUE(at.snapshot().unchanged());
  fs::remove_all(around_ / "other");
  EXPECT_TRUE(at.snapshot().unchanged()) << "all was read before it was removed";
  EXPECT_TRUE((at / "a").exists());
  EXPECT_EQ(read_files(at), "111") << "kept";
  EXPECT_EQ(read_files(SnapshotPath(folder_)), "222");
}

TEST_F(Snapshot, NoticesEveryChange) {
  const auto notices = [&](const char* what, const auto& change) {
    write_files(folder_, "1");
    const SnapshotPath at(folder_);
    (at / "a").text(kMany);
    change();
    try {
      read_files(at);
    } catch (const Error&) {
    }
    EXPECT_FALSE(at.snapshot().unchanged()) << what;
    expect_error(
        ErrorCode::io_error, folder_.string(), [&] { at.snapshot().require_unchanged("test"); });
  };
  notices("written", [&] { std::ofstream(folder_ / "a") << "2"; });
  notices("longer", [&] { std::ofstream(folder_ / "a", std::ios::app) << "2"; });
  notices("replaced", [&] {
    std::ofstream(folder_ / "new") << "1";
    fs::rename(folder_ / "new", folder_ / "a");
  });
  notices("removed before it was read", [&] { fs::remove(folder_ / "b"); });
  notices("removed before it was read", [&] { fs::remove(folder_ / "inner/c"); });
  notices("removed with its folder", [&] { fs::remove_all(folder_ / "inner"); });
}

TEST_F(Snapshot, AnOptionalFileThatIsGoneIsNotAbsent) {
  const SnapshotPath at(folder_);
  fs::remove(folder_ / "b");
  EXPECT_FALSE((at / "b").exists());
  EXPECT_FALSE(at.snapshot().unchanged());
}

TEST_F(Snapshot, ABrokenLinkIsNoChange) {
  fs::create_symlink("nowhere", folder_ / "link");
  const SnapshotPath at(folder_);
  EXPECT_FALSE((at / "link").exists());
  EXPECT_TRUE(at.snapshot().unchanged());
}

// As Kubernetes replaces the files of a ConfigMap.
TEST_F(Snapshot, NoticesALinkThatPointsElsewhere) {
  write_files(around_ / "1", "1");
  write_files(around_ / "2", "2");
  fs::create_symlink(around_ / "1", around_ / "data");
  const fs::path model = around_ / "linked";
  fs::create_directory(model);
  fs::create_symlink("../data/a", model / "a");
  fs::create_symlink("../data/b", model / "b");
  const SnapshotPath at(model);
  EXPECT_EQ(*(at / "a").text(kMany), "1");
  fs::create_symlink(around_ / "2", around_ / "next");
  fs::rename(around_ / "next", around_ / "data");
  EXPECT_EQ(*(at / "b").text(kMany), "2");
  EXPECT_FALSE(at.snapshot().unchanged());
}

TEST_F(Snapshot, IsLoadedAgainAfterAChange) {
  int calls = 0;
  const std::string read = load_unchanged(folder_, [&](const SnapshotPath& at) {
    const std::string first = *(at / "a").text(kMany);
    if (++calls == 1) {
      write_files(folder_, "2");
    }
    return first + *(at / "b").text(kMany);
  });
  EXPECT_EQ(read, "22");
  EXPECT_EQ(calls, 2);
}

TEST_F(Snapshot, AnErrorOfAChangedFolderIsNotTheFolders) {
  int calls = 0;
  const int result = load_unchanged(folder_, [&](const SnapshotPath& at) {
    (at / "a").text(kMany);
    if (++calls == 1) {
      write_files(folder_, "2");
      throw Error(ErrorCode::bad_checkpoint, "a half-written file");
    }
    return calls;
  });
  EXPECT_EQ(result, 2);
  expect_error(ErrorCode::bad_checkpoint, "a bad file", [&] {
    load_unchanged(folder_, [](const SnapshotPath&) -> int {
      throw Error(ErrorCode::bad_checkpoint, "a bad file");
    });
  });
}

TEST_F(Snapshot, AFolderThatAlwaysChangesIsAnError) {
  int calls = 0;
  expect_error(ErrorCode::io_error, "changed 40 times", [&] {
    load_unchanged(folder_, [&](const SnapshotPath& at) {
      (at / "a").text(kMany);
      std::ofstream(folder_ / "a") << ++calls;
      return 0;
    });
  });
  EXPECT_EQ(calls, 40);
}

// Loads while `write` runs in a thread of its own; counts what was loaded by its content.
template <class Write>
std::map<std::string, int> load_while(const fs::path& folder, const Write& write) {
  std::atomic<int> writes = 0;
  std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      write(writes++);
    }
  });
  std::map<std::string, int> loaded;
  for (int i = 0; i < 200 || writes < 20; ++i) {
    ++loaded[load_unchanged(folder, read_files)];
  }
  return loaded;
}

TEST_F(Snapshot, ExchangedFoldersAreNeverMixed) {
  write_files(around_ / "other", "2");
  const auto loaded =
      load_while(folder_, [&](int) { exchange_folders(around_ / "other", folder_); });
  for (const auto& [content, count] : loaded) {
    EXPECT_TRUE(content == "111" || content == "222") << content << " " << count;
  }
}

TEST_F(Snapshot, ReplacedFoldersAreNeverMixed) {
  const FolderContent all = {[](const fs::path&) { return true; }};
  const auto loaded = load_while(folder_, [&](int i) {
    replace_folder(
        folder_, all, [&](const fs::path& out) { write_files(out, i % 2 == 0 ? "2" : "1"); });
  });
  for (const auto& [content, count] : loaded) {
    EXPECT_TRUE(content == "111" || content == "222") << content << " " << count;
  }
}

TEST_F(Snapshot, IsCopiedWhole) {
  const SnapshotPath at(folder_);
  write_files(around_ / "other", "2");
  ASSERT_TRUE(exchange_folders(around_ / "other", folder_));
  fs::create_directory(around_ / "copy");
  EXPECT_EQ(read_files(at), "111");
  at.snapshot().copy_to(around_ / "copy", [](const std::string& name) { return name == "b"; });
  EXPECT_EQ(read_whole(around_ / "copy/a"), "1");
  EXPECT_EQ(read_whole(around_ / "copy/inner/c"), "1");
  EXPECT_FALSE(fs::exists(around_ / "copy/b"));
  fs::remove(around_ / "other/a");
  fs::create_directory(around_ / "second");
  expect_error(ErrorCode::io_error, "copy model", [&] {
    at.snapshot().copy_to(around_ / "second", [](const std::string&) { return false; });
  });
}

}  // namespace
}  // namespace fastintent
