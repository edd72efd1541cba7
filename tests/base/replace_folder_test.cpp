#include "base/replace_folder.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "base/expect_error.h"
#include "base/folder_swap.h"
#include "base/temporary_folder.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

// A place for a model folder; `only_model` returns whether nothing else is beside it.
class ReplaceFolder : public testing::Test {
 protected:
  void write_model(const std::string& text) const {
    replace_folder(model_, [&](const fs::path& folder) {
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
  std::ofstream(model_ / "left over") << "x";
  write_model("new");
  EXPECT_EQ(model_text(), "new");
  EXPECT_FALSE(fs::exists(model_ / "left over"));
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
    replace_folder(model_, [](const fs::path& folder) {
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
  replace_folder(model_, [&](const fs::path& folder) {
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
      ErrorCode::cannot_create, "no name", [] { replace_folder("/", [](const fs::path&) {}); });
}

TEST_F(ReplaceFolder, RenamesSwapWhereNothingElseCan) {
  write_model("old");
  const fs::path fresh = folder_ / "fresh";
  fs::create_directory(fresh);
  std::ofstream(fresh / "config.json") << "new";
  swap_by_renames(fresh, model_);
  EXPECT_EQ(read_whole(model_ / "config.json"), "new");
  EXPECT_EQ(read_whole(fresh / "config.json"), "old");
}

TEST_F(ReplaceFolder, RenamesThatFailLeaveTheOldOne) {
  write_model("old");
  expect_error(ErrorCode::io_error, "new folder in its place", [&] {
    swap_by_renames(folder_ / "absent", model_);
  });
  EXPECT_EQ(model_text(), "old");
  EXPECT_TRUE(only_model());
}

TEST_F(ReplaceFolder, AProcessThatDiedBetweenRenamesIsMadeGood) {
  write_model("old");
  fs::rename(model_, beside(model_, ".previous"));
  EXPECT_THROW(replace_folder(model_, [](const fs::path&) { throw std::runtime_error("no"); }),
               std::runtime_error);
  EXPECT_EQ(model_text(), "old");
  EXPECT_TRUE(only_model());

  fs::copy(model_, beside(model_, ".previous"), fs::copy_options::recursive);
  write_model("new");
  EXPECT_EQ(model_text(), "new");
  EXPECT_TRUE(only_model());
}

}  // namespace
}  // namespace fastintent
