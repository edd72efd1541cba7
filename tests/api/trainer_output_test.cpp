#include <gtest/gtest.h>

#include <stdexcept>

#include "base/expect_error.h"
#include "tiny_training.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

// An output folder that holds a model already.
class OldModel : public testing::Test {
 protected:
  OldModel() {
    fs::copy(GoldenCase("bert_mean").model(), output(), fs::copy_options::recursive);
    old_ = folder_bytes(output());
  }
  fs::path output() const { return folder_ / "model"; }
  TrainingOptions options(bool overwrite) const {
    TrainingOptions tiny = tiny_options(output());
    tiny.epochs = 1;
    tiny.overwrite = overwrite;
    return tiny;
  }
  void expect_untouched() const { EXPECT_EQ(folder_bytes(output()), old_); }

  const TemporaryFolder folder_;
  const LabelledTexts data_ = tiny_texts(60);
  std::map<std::string, std::string> old_;
};

TEST_F(OldModel, StaysWithoutLeaveToOverwrite) {
  int steps = 0;
  TrainingCallbacks callbacks;
  callbacks.on_step = [&](const StepReport&) { ++steps; };
  expect_error(ErrorCode::cannot_create, "--force", [&] {
    Trainer(options(false), callbacks).train(data_);
  });
  EXPECT_EQ(steps, 0);
  EXPECT_FALSE(fs::exists(training_folder_of(output())));
  expect_untouched();
}

TEST_F(OldModel, IsReplacedAsAWhole) {
  TrainingOptions plain = options(true);
  plain.pooling = HeadPooling::pooler;
  Trainer(plain).train(data_);
  const auto files = folder_bytes(output());
  EXPECT_EQ(files.count("modules.json"), 0U) << "a file of the old model stayed";
  EXPECT_NE(files.at("model.safetensors"), old_.at("model.safetensors"));
  const auto beside = std::distance(fs::directory_iterator(folder_.path()), {});
  EXPECT_EQ(beside, 1) << "something was left beside the output";
}

TEST_F(OldModel, StaysWhenARunIsStopped) {
  TrainingCallbacks callbacks;
  callbacks.should_stop = [] { return true; };
  expect_error(ErrorCode::interrupted, "model.training", [&] {
    Trainer(options(true), callbacks).train(data_);
  });
  expect_untouched();
}

TEST_F(OldModel, StaysWhenACallbackThrows) {
  TrainingCallbacks on_step;
  on_step.on_step = [](const StepReport&) { throw std::runtime_error("disk full"); };
  EXPECT_THROW(Trainer(options(true), on_step).train(data_), std::runtime_error);
  expect_untouched();
  TrainingCallbacks on_epoch;
  on_epoch.on_epoch = [](const EpochReport&) { throw std::runtime_error("disk full"); };
  EXPECT_THROW(Trainer(options(true), on_epoch).train(data_), std::runtime_error);
  expect_untouched();
}

TEST_F(OldModel, StaysWhenTrainingDiverges) {
  TrainingOptions wild = options(true);
  wild.epochs = 5;
  wild.learning_rate = 1e30;
  wild.gradient_clip = 0;
  expect_error(ErrorCode::invalid_argument, "finite loss", [&] { Trainer(wild).train(data_); });
  expect_untouched();
}

TEST_F(OldModel, MayBeTheBaseOfTheNewOne) {
  TrainingOptions onto_itself = options(true);
  onto_itself.base_model = output();
  Trainer(onto_itself).train(data_);
  EXPECT_NE(folder_bytes(output()).at("model.safetensors"), old_.at("model.safetensors"));
}

// Permission to overwrite a model is no permission to remove anything else.
TEST(TrainerOutput, IsNeverAFolderOrFileThatIsNoModel) {
  const TemporaryFolder folder;
  TrainingOptions options = tiny_options(folder / "letters");
  options.overwrite = true;
  fs::create_directory(options.output);
  folder.write("letters/to_mother.txt", "Dear");
  folder.write("file", "");
  const auto before = folder_bytes(folder.path());
  expect_error(ErrorCode::cannot_create, "letters", [&] { Trainer(options).train(tiny_texts()); });
  options.output = folder / "file";
  expect_error(ErrorCode::cannot_create, "file", [&] { Trainer(options).train(tiny_texts()); });
  EXPECT_EQ(folder_bytes(folder.path()), before);
}

TEST(TrainerOutput, LeavesFilesOfOthersBesideItAlone) {
  const TemporaryFolder folder;
  TrainingOptions options = tiny_options(folder / "model");
  fs::create_directory(training_folder_of(options.output));
  folder.write("model.training/notes.txt", "mine");
  expect_error(
      ErrorCode::cannot_create, "model.training", [&] { Trainer(options).train(tiny_texts()); });
  EXPECT_EQ(read_whole(folder / "model.training/notes.txt"), "mine");
  EXPECT_FALSE(fs::exists(options.output));
}

TEST(TrainerOutput, MayBeAnEmptyFolderAndEndInASlash) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "model");
  TrainingOptions options = tiny_options((folder / "model").string() + "/");
  options.epochs = 1;
  Trainer(options).train(tiny_texts(60));
  EXPECT_TRUE(fs::exists(folder / "model" / "config.json"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
}

TEST(TrainerOutput, OfAnInterruptedRunIsNotSilentlyDropped) {
  const TemporaryFolder folder;
  TrainingOptions options = tiny_options(folder / "model");
  options.epochs = 1;
  TrainingCallbacks stop;
  stop.should_stop = [] { return true; };
  const LabelledTexts data = tiny_texts(60);
  expect_error(ErrorCode::interrupted, "", [&] { Trainer(options, stop).train(data); });
  const auto state = folder_bytes(training_folder_of(options.output));
  expect_error(ErrorCode::cannot_create, "--resume", [&] { Trainer(options).train(data); });
  EXPECT_EQ(folder_bytes(training_folder_of(options.output)), state);
  options.overwrite = true;
  Trainer(options).train(data);
  EXPECT_FALSE(fs::exists(training_folder_of(options.output)));
}

}  // namespace
}  // namespace fastintent
