#include "base/folder_entries.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/expect_error.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> sorted(std::vector<fs::path> paths) {
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(FolderEntries, ListsAFolderAndTheFoldersInIt) {
  const TemporaryFolder folder;
  folder.write("a", "");
  folder.write(".hidden", "");
  fs::create_directories(folder / "b/c");
  folder.write("b/c/d", "");
  fs::create_symlink(folder / "b", folder / "link");
  EXPECT_EQ(sorted(entries_of(folder.path())),
            sorted({folder / "a", folder / ".hidden", folder / "b", folder / "link"}));
  EXPECT_EQ(sorted(all_entries_of(folder.path())),
            sorted({folder / "a",
                    folder / ".hidden",
                    folder / "b",
                    folder / "b/c",
                    folder / "b/c/d",
                    folder / "link"}));
  expect_error(ErrorCode::io_error, "absent", [&] { entries_of(folder / "absent"); });
}

TEST(FolderEntries, RemovesATreeButNotWhatItsLinksNameAndNeverThrows) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "tree/inner/empty");
  folder.write("tree/inner/file", "");
  fs::create_directories(folder / "other");
  folder.write("other/kept", "");
  fs::create_symlink(folder / "other", folder / "tree/link");
  copy_tree(folder / "other", folder / "copied");
  EXPECT_TRUE(fs::exists(folder / "copied/kept"));
  remove_tree(folder / "tree");
  remove_tree(folder / "absent");
  EXPECT_FALSE(fs::exists(folder / "tree"));
  EXPECT_TRUE(fs::exists(folder / "other/kept"));
  remove_tree(folder / "other/kept");
  EXPECT_FALSE(fs::exists(folder / "other/kept"));
}

}  // namespace
}  // namespace fastintent
