#include "base/replace_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "base/expect_error.h"
#include "base/output_place.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

// In these tests a model has files of these names.
FolderContent model_content() {
  return {[](const fs::path& file) {
    return file.extension() == ".json" || file.extension() == ".bin";
  }};
}

mode_t mode_of(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

ino_t inode_of(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_ino;
}

// A place for a model folder; `only_model` returns whether nothing else is beside it.
class ReplaceFolder : public testing::Test {
 protected:
  void write_model(const std::string& text) const {
    replace_folder(model_, model_content(), [&](const fs::path& folder) {
      fs::create_directory(folder / "1_Pooling");
      std::ofstream(folder / "config.json") << text;
      std::ofstream(folder / "1_Pooling" / "config.json") << text;
    });
  }
  std::string model_text() const {
    EXPECT_EQ(read_whole(model_ / "config.json"), read_whole(model_ / "1_Pooling/config.json"));
    return read_whole(model_ / "config.json");
  }
  bool only_model() const {
    return std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()) == 1;
  }
  // Runs `die` in a separate process, which must end by _exit(7).
  template <class Die>
  void in_a_dying_process(Die die) const {
    const pid_t child = ::fork();
    if (child == 0) {
      die();
      ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  }

  TemporaryFolder folder_;
  fs::path model_ = folder_ / "model";
};

TEST_F(ReplaceFolder, WritesANewOne) {
  write_model("new");
  EXPECT_EQ(model_text(), "new");
  EXPECT_TRUE(only_model());
}

TEST_F(ReplaceFolder, ReplacesAnOldOneWhole) {
  write_model("old");
  std::ofstream(model_ / "left_over.bin") << "x";
  write_model("new");
  EXPECT_EQ(model_text(), "new");
  EXPECT_FALSE(fs::exists(model_ / "left_over.bin"));
  EXPECT_TRUE(only_model());
}

TEST_F(ReplaceFolder, TakesAPathWithSlashesAndAbsentParents) {
  model_ = folder_ / "a/b/../model/";
  write_model("new");
  EXPECT_EQ(read_whole(folder_ / "a/model/config.json"), "new");
}

TEST_F(ReplaceFolder, FollowsALink) {
  write_model("old");
  fs::create_directory_symlink("model", folder_ / "link");
  model_ = folder_ / "link";
  write_model("new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_whole(folder_ / "model/config.json"), "new");
}

TEST_F(ReplaceFolder, WhenWriteThrowsTheOldOneStands) {
  write_model("old");
  EXPECT_THROW(replace_folder(model_,
                              model_content(),
                              [](const fs::path& folder) {
                                std::ofstream(folder / "config.json") << "half";
                                throw std::runtime_error("no");
                              }),
               std::runtime_error);
  EXPECT_EQ(model_text(), "old");
  EXPECT_TRUE(only_model());
}

TEST_F(ReplaceFolder, WhenTheProcessDiesTheOldOneStandsAndLeftoversGo) {
  write_model("old");
  in_a_dying_process([&] {
    replace_folder(model_, model_content(), [](const fs::path& folder) {
      std::ofstream(folder / "config.json") << "half";
      ::_exit(7);
    });
  });
  EXPECT_EQ(model_text(), "old");
  EXPECT_FALSE(only_model());
  write_model("new");
  EXPECT_EQ(model_text(), "new");
  EXPECT_TRUE(only_model());
}

TEST_F(ReplaceFolder, LeavesThePartialFolderOfALivingProcess) {
  fs::path partial;
  replace_folder(model_, model_content(), [&](const fs::path& folder) {
    partial = folder;
    in_a_dying_process([&] {
      write_model("other");
      ::_exit(7);
    });
    EXPECT_TRUE(fs::exists(partial));
    EXPECT_EQ(model_text(), "other");
  });
  EXPECT_TRUE(fs::is_empty(model_));
  EXPECT_TRUE(only_model());
}

TEST_F(ReplaceFolder, LeavesWhatIsNotItsOwn) {
  for (const char* name : {".model.partial", ".model.x.partial", ".model.2.7.partial"}) {
    fs::create_directory(folder_ / name);
  }
  fs::create_directory(folder_ / ".model.2.7.previous");
  write_model("new");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 5);
}

TEST_F(ReplaceFolder, RefusesAFileAndTheRoot) {
  folder_.write("model", "a file");
  expect_error(ErrorCode::cannot_create, "a file of that name", [&] { write_model("new"); });
  expect_error(
      ErrorCode::cannot_create, "no name", [] { replace_folder("/", {}, [](const fs::path&) {}); });
  fs::remove(model_);
  fs::create_symlink("absent", model_);
  expect_error(ErrorCode::cannot_create, "a link to nothing", [&] { write_model("new"); });
}

TEST_F(ReplaceFolder, KeepsFilesOfOthersWhereTheyAre) {
  write_model("old");
  std::ofstream(model_ / "old.bin") << "x";
  std::ofstream(model_ / "rows.csv") << "text,intent";
  std::ofstream(model_ / "1_Pooling/notes.txt") << "mine";
  fs::create_directories(model_ / ".git/objects");
  fs::create_symlink("/etc", model_ / "link");
  const ino_t rows = inode_of(model_ / "rows.csv");
  const ino_t folder = inode_of(model_);
  write_model("new");
  EXPECT_EQ(model_text(), "new");
  EXPECT_FALSE(fs::exists(model_ / "old.bin"));
  EXPECT_EQ(inode_of(model_ / "rows.csv"), rows);
  EXPECT_EQ(read_whole(model_ / "1_Pooling/notes.txt"), "mine");
  EXPECT_TRUE(fs::exists(model_ / ".git/objects"));
  EXPECT_TRUE(fs::is_symlink(model_ / "link"));
  EXPECT_EQ(inode_of(model_), folder);
  EXPECT_EQ(std::distance(fs::directory_iterator(model_), fs::directory_iterator()), 5);
  EXPECT_TRUE(only_model());
}

// A file that this writer copied along never replaces one that is there.
TEST_F(ReplaceFolder, DoesNotReplaceFilesOfOthers) {
  fs::create_directory(model_);
  std::ofstream(model_ / "README.md") << "theirs";
  replace_folder(model_, model_content(), [](const fs::path& folder) {
    std::ofstream(folder / "README.md") << "copied";
    std::ofstream(folder / "LICENSE") << "copied";
    std::ofstream(folder / "config.json") << "new";
  });
  EXPECT_EQ(read_whole(model_ / "README.md"), "theirs");
  EXPECT_EQ(read_whole(model_ / "LICENSE"), "copied");
  EXPECT_EQ(read_whole(model_ / "config.json"), "new");
}

TEST_F(ReplaceFolder, WritesNothingThroughALinkInTheFolder) {
  const TemporaryFolder elsewhere;
  write_model("old");
  fs::remove_all(model_ / "1_Pooling");
  fs::create_directory_symlink(elsewhere.path(), model_ / "1_Pooling");
  expect_error(ErrorCode::io_error, "1_Pooling", [&] { write_model("new"); });
  EXPECT_TRUE(fs::is_empty(elsewhere.path()));
  EXPECT_EQ(read_whole(model_ / "config.json"), "old");
  EXPECT_EQ(complete_folder(model_), model_);
}

TEST_F(ReplaceFolder, TheCurrentFolderStaysTheFolder) {
  write_model("old");
  const fs::path before = fs::current_path();
  fs::current_path(model_);
  write_model("new");
  EXPECT_EQ(read_whole("config.json"), "new");
  EXPECT_EQ(fs::current_path(), fs::canonical(model_));
  fs::current_path(before);
  EXPECT_TRUE(only_model());
}

TEST_F(ReplaceFolder, RefusesInTheLastMoment) {
  const auto refuse = [] { throw std::runtime_error("in use"); };
  EXPECT_THROW(replace_folder(
                   model_,
                   {model_content().contains, refuse},
                   [](const fs::path& folder) { std::ofstream(folder / "config.json") << "new"; }),
               std::runtime_error);
  EXPECT_FALSE(fs::exists(model_));
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(ReplaceFolder, KeepsPermissions) {
  write_model("old");
  ASSERT_EQ(::chmod(model_.c_str(), 0750), 0);
  ASSERT_EQ(::chmod((model_ / "config.json").c_str(), 0600), 0);
  replace_folder(model_, model_content(), [&](const fs::path& folder) {
    EXPECT_EQ(mode_of(folder), 0700U);
    std::ofstream(folder / "config.json") << "new";
  });
  EXPECT_EQ(mode_of(model_), 0750U);
  EXPECT_EQ(mode_of(model_ / "config.json"), 0600U);

  std::ofstream(model_ / "notes.txt") << "mine";  // and where the content is exchanged
  replace_folder(model_, model_content(), [&](const fs::path& folder) {
    std::ofstream(folder / "config.json") << "newer";
  });
  EXPECT_EQ(mode_of(model_), 0750U);
  EXPECT_EQ(mode_of(model_ / "config.json"), 0600U);
  EXPECT_EQ(read_whole(model_ / "config.json"), "newer");
}

TEST_F(ReplaceFolder, ANewFolderHasThePermissionsOfAnyNewOne) {
  const mode_t mask = ::umask(027);
  write_model("new");
  ::umask(mask);
  EXPECT_EQ(mode_of(model_), 0750U);
}

// As a process left it that died while it put the new files in their places.
TEST_F(ReplaceFolder, AnUnfinishedExchangeOfContentIsCompleteAndFinished) {
  write_model("old");
  std::ofstream(model_ / "old.bin") << "x";
  std::ofstream(model_ / "notes.txt") << "mine";
  const fs::path complete = model_ / ".fastintent.complete";
  fs::create_directory(complete);
  std::ofstream(complete / "config.json") << "new";
  EXPECT_EQ(complete_folder(model_), complete);
  EXPECT_THROW(
      replace_folder(
          model_, model_content(), [](const fs::path&) { throw std::runtime_error("no"); }),
      std::runtime_error);
  EXPECT_EQ(complete_folder(model_), model_);
  EXPECT_EQ(read_whole(model_ / "config.json"), "new");
  EXPECT_EQ(read_whole(model_ / "notes.txt"), "mine");
  EXPECT_EQ(std::distance(fs::directory_iterator(model_), fs::directory_iterator()), 2);
}

// The process dies when it is about to decide on a file for the n-th time.
TEST_F(ReplaceFolder, AFolderThatReadersOpenIsCompleteWhereverAWriterDies) {
  for (int moment = 0; moment < 12; ++moment) {
    SCOPED_TRACE(moment);
    fs::remove_all(model_);
    write_model("old");
    std::ofstream(model_ / "notes.txt") << "mine";
    in_a_dying_process([&] {
      int asked = 0;
      const FolderContent dying{[&](const fs::path& file) {
        if (asked++ == moment) {
          ::_exit(7);
        }
        return file.extension() == ".json";
      }};
      replace_folder(model_, dying, [&](const fs::path& folder) {
        fs::create_directory(folder / "1_Pooling");
        std::ofstream(folder / "config.json") << "new";
        std::ofstream(folder / "1_Pooling" / "config.json") << "new";
      });
      ::_exit(7);
    });
    const fs::path readable = complete_folder(model_);
    const std::string text = read_whole(readable / "config.json");
    EXPECT_TRUE(text == "old" || text == "new") << text;
    EXPECT_EQ(read_whole(readable / "1_Pooling/config.json"), text);
    EXPECT_EQ(read_whole(model_ / "notes.txt"), "mine");
  }
}

}  // namespace
}  // namespace fastintent
