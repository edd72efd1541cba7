#include <gtest/gtest.h>

#include <fstream>
#include <functional>
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

TEST_F(OldModel, IsReplacedAndFilesOfOthersStay) {
  folder_.write("model/rows.csv", "text,intent");
  fs::create_directory(output() / "notes");
  folder_.write("model/notes/mine.txt", "mine");
  folder_.write("model/pytorch_model.bin", "the same weights");
  folder_.write("model/1_Pooling/why.md", "mean is best");
  Trainer(options(true)).train(data_);
  const auto files = folder_bytes(output());
  EXPECT_NE(files.at("model.safetensors"), old_.at("model.safetensors"));
  EXPECT_EQ(files.at("rows.csv"), "text,intent");
  EXPECT_EQ(files.at("notes/mine.txt"), "mine");
  EXPECT_EQ(files.at("1_Pooling/why.md"), "mean is best");
  EXPECT_EQ(files.count("pytorch_model.bin"), 0U) << "weights of the old model";
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(OldModel, StaysWhenAnotherRunIsAtTheOutput) {
  int refused = 0;
  TrainingCallbacks callbacks;
  callbacks.on_epoch = [&](const EpochReport&) {
    expect_error(ErrorCode::cannot_create, "only run that writes this output", [&] {
      Trainer(options(true)).train(data_);
    });
    ++refused;
  };
  Trainer(options(true), callbacks).train(data_);
  EXPECT_EQ(refused, 1);
}

// Somebody else's model is in the place that was free when the run began.
TEST_F(OldModel, IsNotReplacedByARunThatBeganBeforeIt) {
  TrainingOptions options = tiny_options(folder_ / "free");
  options.epochs = 1;
  TrainingCallbacks callbacks;
  callbacks.on_epoch = [&](const EpochReport&) { fs::rename(output(), options.output); };
  expect_error(
      ErrorCode::cannot_create, "--force", [&] { Trainer(options, callbacks).train(data_); });
  EXPECT_EQ(folder_bytes(options.output), old_);
  EXPECT_TRUE(fs::exists(training_folder_of(options.output) / "best.safetensors"));
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

TEST(TrainerOutput, NeedsLabelsThatCanBeSaved) {
  const TemporaryFolder folder;
  for (const char* label : {"d\xe9p\xf4t", "\xed\xa0\x80 a lone surrogate"}) {
    LabelledTexts data = tiny_texts();
    data.labels[7] = label;
    int steps = 0;
    TrainingCallbacks callbacks;
    callbacks.on_step = [&](const StepReport&) { ++steps; };
    expect_error(ErrorCode::invalid_data, "index 7 of the training labels", [&] {
      Trainer(tiny_options(folder / "model"), callbacks).train(data);
    });
    const LabelledTexts good = tiny_texts();
    expect_error(ErrorCode::invalid_data, "index 7 of the validation labels", [&] {
      Trainer(tiny_options(folder / "model"), callbacks).train(good, &data);
    });
    EXPECT_EQ(steps, 0);
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(TrainerOutput, DoesNotNeedTheBaseAnyMoreOnceTheRunHasBegun) {
  const TemporaryFolder folder;
  fs::copy(GoldenCase("sentence_base").model(), folder / "base", fs::copy_options::recursive);
  TrainingOptions options = tiny_options(folder / "model");
  options.base_model = folder / "base";
  options.refit = true;
  const LabelledTexts data = tiny_texts();
  Trainer(options).train(data);
  const auto expected = folder_bytes(options.output);
  fs::remove_all(options.output);
  TrainingCallbacks callbacks;
  callbacks.on_step = [&](const StepReport&) { fs::remove_all(options.base_model); };
  Trainer(options, callbacks).train(data);
  EXPECT_EQ(folder_bytes(options.output), expected);
}

TEST(TrainerOutput, IsNotALinkBesideIt) {
  const TemporaryFolder folder;
  const TemporaryFolder elsewhere;
  fs::create_directory_symlink(elsewhere.path(), training_folder_of(folder / "model"));
  expect_error(ErrorCode::cannot_create, "a link", [&] {
    Trainer(tiny_options(folder / "model")).train(tiny_texts());
  });
  EXPECT_TRUE(fs::is_empty(elsewhere.path()));
}

TEST(TrainerOutput, KnowsTheFilesOfAModel) {
  for (const char* file : {"config.json",
                           "model-00001-of-00002.safetensors",
                           "pytorch_model.bin",
                           "pytorch_model-00002-of-00002.bin",
                           "adapter_config.json",
                           "sentence_roberta_config.json",
                           "1_Pooling/config.json",
                           "2_Dense/model.safetensors",
                           "10_WordWeights/config.json",
                           "onnx/model.onnx"}) {
    EXPECT_TRUE(is_model_file(file)) << file;
  }
  for (const char* file : {"",
                           ".",
                           "rows.csv",
                           "README.md",
                           "config.json.bak",
                           "model-card.md",
                           "model-card.safetensors",
                           "model-of-.safetensors",
                           "model-1-of-x.safetensors",
                           "pytorch_model-.bin",
                           "2024_results/config.json",
                           "_Pooling/config.json",
                           "x_Pooling/config.json",
                           "notes/config.json",
                           "1_Pooling/notes/config.json",
                           "../config.json",
                           "/config.json",
                           ".git/config"}) {
    EXPECT_FALSE(is_model_file(file)) << file;
  }
}

// What is in the place of a file of the model is found before the first step.
TEST(TrainerOutput, HasPlacesForAllFilesOfTheModel) {
  int steps = 0;
  TrainingCallbacks callbacks;
  callbacks.on_step = [&](const StepReport&) { ++steps; };
  const auto refuses = [&](const char* name, const std::function<void(const fs::path&)>& plant) {
    const TemporaryFolder folder;
    TrainingOptions options = tiny_options(folder / "model");
    options.overwrite = true;
    fs::copy(GoldenCase("bert_pooler").model(), options.output, fs::copy_options::recursive);
    fs::remove_all(options.output / name);
    plant(options.output / name);
    expect_error(
        ErrorCode::cannot_create, name, [&] { Trainer(options, callbacks).train(tiny_texts()); });
    EXPECT_TRUE(fs::exists(fs::symlink_status(options.output / name)));
  };
  const auto as_folder = [](const fs::path& path) { fs::create_directory(path); };
  const auto as_file = [](const fs::path& path) { std::ofstream(path) << "mine"; };
  const auto as_link = [](const fs::path& path) { fs::create_directory_symlink("/tmp", path); };
  for (const char* name :
       {"config.json", "fastintent.json", "model.safetensors", "tokenizer.json"}) {
    refuses(name, as_folder);
  }
  for (const char* name : {"1_Pooling", "2_Dense"}) {  // the base has a cls or mean head
    refuses(name, as_file);
    refuses(name, as_link);
  }
  EXPECT_EQ(steps, 0);
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
