#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <stdexcept>

#include "base/expect_error.h"
#include "checkpoint/tensor_files.h"
#include "tiny_training.h"

namespace fastintent {
namespace {

class Resume : public testing::Test {
 protected:
  TrainingOptions options(const std::string& name) const {
    TrainingOptions tiny = tiny_options(folder_ / name);
    tiny.refit = true;
    tiny.threads = threads_;
    return tiny;
  }
  // Trains until step `count` of this call; true when the run ended before that.
  bool train(TrainingOptions options, bool resume, int64_t count) const {
    options.resume = resume;
    int64_t steps = 0;
    TrainingCallbacks callbacks;
    callbacks.on_step = [&](const StepReport&) { ++steps; };
    callbacks.should_stop = [&] { return steps == count; };
    try {
      Trainer(options, callbacks).train(data_);
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(ErrorCode::interrupted))
          << error.what();
      EXPECT_TRUE(
          std::filesystem::exists(training_folder_of(options.output) / "state/progress.json"));
      EXPECT_FALSE(std::filesystem::exists(options.output)) << "written by a run that stopped";
      return false;
    }
  }
  std::map<std::string, std::string> uninterrupted(int64_t& steps) const {
    steps = Trainer(options("whole")).train(data_).steps;
    return folder_bytes(folder_ / "whole");
  }

  const TemporaryFolder folder_;
  const LabelledTexts data_ = tiny_texts();
  int threads_ = 1;
};

TEST_F(Resume, EqualsARunThatWasNeverInterrupted) {
  for (const int threads : {1, 2}) {
    threads_ = threads;
    int64_t steps = 0;
    const auto expected = uninterrupted(steps);
    ASSERT_GE(steps, 21 + 8);
    // In the first epoch, at an epoch's end, in a later epoch, at the end of the search, in the
    // refit, after the last step of all.
    for (const int64_t stop : {int64_t{1},
                               int64_t{3},
                               int64_t{7},
                               int64_t{10},
                               int64_t{14},
                               int64_t{21},
                               int64_t{22},
                               int64_t{25},
                               int64_t{29},
                               steps}) {
      SCOPED_TRACE(testing::Message() << threads << " threads, stopped after step " << stop);
      const TrainingOptions stopped = options("stopped");
      ASSERT_FALSE(train(stopped, false, stop));
      EXPECT_TRUE(train(stopped, true, -1));
      EXPECT_EQ(folder_bytes(stopped.output), expected);
      EXPECT_FALSE(std::filesystem::exists(training_folder_of(stopped.output))) << "left behind";
      std::filesystem::remove_all(stopped.output);
    }
    std::filesystem::remove_all(folder_ / "whole");
  }
}

TEST_F(Resume, StandsManyInterruptions) {
  int64_t steps = 0;
  const auto expected = uninterrupted(steps);
  const TrainingOptions stopped = options("stopped");
  int calls = 1;
  for (bool done = train(stopped, false, 4); !done; done = train(stopped, true, 4)) {
    ++calls;
  }
  EXPECT_GE(calls, steps / 4);
  EXPECT_EQ(folder_bytes(stopped.output), expected);
}

// should_stop is called once after a step, then in the validation after the last step of an epoch.
TEST_F(Resume, ContinuesWithTheValidationThatWasStopped) {
  int64_t all_steps = 0;
  const auto expected = uninterrupted(all_steps);
  for (const int64_t last : {7, 14, 21}) {
    SCOPED_TRACE(last);
    TrainingOptions stopped = options("stopped");
    int64_t steps = 0;
    int64_t epochs = 0;
    int calls = 0;
    TrainingCallbacks callbacks;
    callbacks.on_step = [&](const StepReport&) { ++steps; };
    callbacks.on_epoch = [&](const EpochReport& report) { epochs = report.epoch; };
    callbacks.should_stop = [&] { return steps == last && ++calls > 1; };
    expect_error(ErrorCode::interrupted, "the state is in", [&] {
      Trainer(stopped, callbacks).train(data_);
    });
    EXPECT_EQ(steps, last);
    EXPECT_EQ(epochs, last / 7 - 1) << "the epoch was finished first";

    stopped.resume = true;
    int64_t first_epoch = 0;
    TrainingCallbacks resumed;
    resumed.on_epoch = [&](const EpochReport& report) {
      first_epoch = first_epoch == 0 ? report.epoch : first_epoch;
    };
    Trainer(stopped, resumed).train(data_);
    EXPECT_EQ(first_epoch, last / 7);
    EXPECT_EQ(folder_bytes(stopped.output), expected);
    std::filesystem::remove_all(stopped.output);
  }
}

TEST_F(Resume, StopsInTheMeasurementBeforeARefitGoesOn) {
  int64_t steps = 0;
  const auto expected = uninterrupted(steps);
  TrainingOptions stopped = options("stopped");
  ASSERT_FALSE(train(stopped, false, 25));
  stopped.resume = true;
  int64_t steps_now = 0;
  TrainingCallbacks callbacks;
  callbacks.on_step = [&](const StepReport&) { ++steps_now; };
  callbacks.should_stop = [] { return true; };
  expect_error(
      ErrorCode::interrupted, "stopped", [&] { Trainer(stopped, callbacks).train(data_); });
  EXPECT_EQ(steps_now, 0);
  EXPECT_TRUE(train(stopped, true, -1));
  EXPECT_EQ(folder_bytes(stopped.output), expected);
}

TEST_F(Resume, ReportsTheWholeSearch) {
  TrainingOptions search = options("stopped");
  search.refit = false;
  ASSERT_FALSE(train(search, false, 10));
  search.resume = true;
  int64_t first_step = 0;
  TrainingCallbacks callbacks;
  callbacks.on_step = [&](const StepReport& step) {
    if (first_step == 0) {
      first_step = step.step;
    }
  };
  const TrainingReport report = Trainer(search, callbacks).train(data_);
  EXPECT_EQ(first_step, 11);
  EXPECT_EQ(report.steps, 21);
  EXPECT_EQ(report.examples, 3 * 108);
  EXPECT_EQ(report.epochs, 3);
}

TEST_F(Resume, ReportsTheSearchBeforeAnInterruptedRefit) {
  TrainingOptions whole = options("whole");
  const TrainingReport expected = Trainer(whole).train(data_);
  TrainingOptions stopped = options("stopped");
  ASSERT_FALSE(train(stopped, false, 25));
  stopped.resume = true;
  const TrainingReport report = Trainer(stopped).train(data_);
  ASSERT_TRUE(report.validation.has_value());
  EXPECT_EQ(report.validation->accuracy, expected.validation->accuracy);
  EXPECT_EQ(report.validation->loss, expected.validation->loss);
  EXPECT_EQ(report.temperature, expected.temperature);
  EXPECT_EQ(report.review_threshold, expected.review_threshold);
  EXPECT_EQ(report.best_epoch, expected.best_epoch);
}

// So a job can always pass it.
TEST_F(Resume, WithoutAStateTrainsFromTheStart) {
  int64_t steps = 0;
  const auto expected = uninterrupted(steps);
  TrainingOptions absent = options("absent");
  EXPECT_TRUE(train(absent, true, -1));
  EXPECT_EQ(folder_bytes(absent.output), expected);
}

// An exception of a callback ends a run without a word to it, as the end of its process does.
TEST_F(Resume, ContinuesAfterTheLastEpochOfARunThatEndedWithoutAWord) {
  int64_t steps = 0;
  const auto expected = uninterrupted(steps);
  TrainingOptions ended = options("ended");
  for (const bool refitting : {false, true}) {
    SCOPED_TRACE(refitting);
    TrainingCallbacks end;
    end.on_epoch = [&](const EpochReport& report) {
      if (report.refitting == refitting) {
        throw std::runtime_error("killed");
      }
    };
    EXPECT_THROW(Trainer(ended, end).train(data_), std::runtime_error);
    ended.resume = true;
  }
  TrainingCallbacks callbacks;
  int64_t first_step = 0;
  callbacks.on_step = [&](const StepReport& step) {
    first_step = first_step == 0 ? step.step : first_step;
  };
  Trainer(ended, callbacks).train(data_);
  EXPECT_GT(first_step, 1);
  EXPECT_EQ(folder_bytes(ended.output), expected);
}

TEST_F(Resume, SavesAModelThatCouldNotBeSavedWithoutTrainingAgain) {
  for (const bool refit : {false, true}) {
    SCOPED_TRACE(refit);
    TrainingOptions whole = options("whole");
    whole.refit = refit;
    const TrainingReport expected = Trainer(whole).train(data_);
    TrainingOptions blocked = options("blocked");
    blocked.refit = refit;
    TrainingCallbacks block;
    block.on_epoch = [&](const EpochReport&) {
      std::filesystem::create_directory(blocked.output);
      folder_.write("blocked/letter.txt", "Dear");
    };
    expect_error(
        ErrorCode::cannot_create, "--resume", [&] { Trainer(blocked, block).train(data_); });
    EXPECT_EQ(read_whole(folder_ / "blocked/letter.txt"), "Dear");
    std::filesystem::remove_all(blocked.output);

    blocked.resume = true;
    int steps = 0;
    TrainingCallbacks count;
    count.on_step = [&](const StepReport&) { ++steps; };
    const TrainingReport report = Trainer(blocked, count).train(data_);
    EXPECT_EQ(steps, 0);
    EXPECT_EQ(folder_bytes(blocked.output), folder_bytes(whole.output));
    EXPECT_EQ(report.best_epoch, expected.best_epoch);
    EXPECT_EQ(report.temperature, expected.temperature);
    EXPECT_EQ(report.validation->accuracy, expected.validation->accuracy);
    EXPECT_FALSE(std::filesystem::exists(training_folder_of(blocked.output)));
    std::filesystem::remove_all(whole.output);
    std::filesystem::remove_all(blocked.output);
  }
}

TEST_F(Resume, RefusesAStateOfAnotherVersion) {
  TrainingOptions stopped = options("stopped");
  ASSERT_FALSE(train(stopped, false, 5));
  const auto file = training_folder_of(stopped.output) / "state/progress.json";
  std::string text = read_whole(file);
  const std::string version = "\"format_version\": 3,";
  ASSERT_NE(text.find(version), std::string::npos);
  std::ofstream(file) << text.erase(text.find(version), version.size());
  stopped.resume = true;
  expect_error(ErrorCode::invalid_argument,
               "resume: expected a state of format version 3, found 1",
               [&] { Trainer(stopped).train(data_); });
}

// A byte of every kind: of the header, of each tensor, of the progress.
TEST_F(Resume, RefusesEveryDamagedByte) {
  const TrainingOptions stopped = options("stopped");
  ASSERT_FALSE(train(stopped, false, 12));
  const std::filesystem::path folder = training_folder_of(stopped.output);
  TrainingOptions resumed = stopped;
  resumed.resume = true;
  // Returns what resuming says; the state is whole again afterwards.
  const auto resume_damaged = [&](const std::filesystem::path& file, size_t at, char flipped) {
    const auto backup = folder_bytes(folder);
    std::string bytes = read_whole(file);
    bytes.at(at) = static_cast<char>(bytes[at] ^ flipped);
    std::ofstream(file, std::ios::binary) << bytes;
    std::string message;
    try {
      TrainingCallbacks at_once;
      at_once.should_stop = [] { return true; };
      Trainer(resumed, at_once).train(data_);
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::interrupted) << "resumed from " << file << " " << at;
      message = error.what();
    }
    for (const auto& [name, content] : backup) {
      std::ofstream(folder / name, std::ios::binary) << content;
    }
    return message;
  };
  const std::filesystem::path tensors = folder / "state/tensors.safetensors";
  const TensorFiles file = TensorFiles::open_file(tensors);
  ASSERT_EQ(file.tensors().size(), 6U);
  for (const auto& [name, stored] : file.tensors()) {
    for (const uint64_t at : {uint64_t{0}, stored.size / 2, stored.size - 1}) {
      const std::string message = resume_damaged(tensors, stored.offset + at, 1);
      EXPECT_NE(message.find("tensor " + name), std::string::npos) << message;
      EXPECT_NE(message.find("expected the checksum"), std::string::npos) << message;
    }
  }
  const uint64_t first = read_whole(tensors).find('{');
  for (uint64_t at = 0; at < 600; at += 13) {
    EXPECT_NE(resume_damaged(tensors, first + at, 1), "") << at;
  }
  const std::filesystem::path progress = folder / "state/progress.json";
  const std::string text = read_whole(progress);
  for (const char* key :
       {"\"epoch\": ", "\"step\": ", "\"best_accuracy\": 0.", "\"checksum\": \""}) {
    const size_t at = text.find(key);
    ASSERT_NE(at, std::string::npos) << key;
    EXPECT_NE(resume_damaged(progress, at + std::strlen(key), 1).find("progress.json"),
              std::string::npos)
        << key;
  }
  ASSERT_FALSE(train(stopped, true, 13)) << "the refit begins after 21 steps";
  const std::filesystem::path best = folder / "best.safetensors";
  const uint64_t weights = TensorFiles::open_file(best).find("weights")->offset;
  std::string bytes = read_whole(best);
  bytes[weights + 5] ^= 1;
  std::ofstream(best, std::ios::binary) << bytes;
  expect_error(ErrorCode::bad_checkpoint, "best.safetensors, tensor weights", [&] {
    Trainer(resumed).train(data_);
  });
}

TEST_F(Resume, RefusesOtherSettingsOrData) {
  const TrainingOptions stopped = options("stopped");
  ASSERT_FALSE(train(stopped, false, 5));
  const auto state = folder_bytes(training_folder_of(stopped.output));
  const auto refuse = [&](const char* what, const LabelledTexts& data, auto change) {
    SCOPED_TRACE(what);
    TrainingOptions other = stopped;
    other.resume = true;
    change(other);
    expect_error(ErrorCode::invalid_argument, "resume: expected the settings", [&] {
      Trainer(other).train(data);
    });
  };
  refuse("seed", data_, [](TrainingOptions& other) { other.seed = 1; });
  refuse("epochs", data_, [](TrainingOptions& other) { other.epochs = 4; });
  refuse("batch size", data_, [](TrainingOptions& other) { other.batch_size = 8; });
  refuse("learning rate", data_, [](TrainingOptions& other) { other.learning_rate = 1e-3; });
  refuse("dropout", data_, [](TrainingOptions& other) { other.dropout = 0.2; });
  refuse("threads", data_, [](TrainingOptions& other) { other.threads = 2; });
  refuse("refit", data_, [](TrainingOptions& other) { other.refit = false; });
  refuse("max length", data_, [](TrainingOptions& other) { other.max_length = 6; });
  refuse("pooling", data_, [](TrainingOptions& other) { other.pooling = HeadPooling::cls; });
  refuse("base", data_, [](TrainingOptions& other) {
    other.base_model = GoldenCase("bert_base").model();
    other.pooling = HeadPooling::mean;
  });
  LabelledTexts other_text = data_;
  other_text.texts[50] += " again";
  refuse("a text", other_text, [](TrainingOptions&) {});
  LabelledTexts other_label = data_;
  other_label.labels[50] = other_label.labels[51];
  refuse("a label", other_label, [](TrainingOptions&) {});
  EXPECT_EQ(folder_bytes(training_folder_of(stopped.output)), state) << "the state was touched";
  EXPECT_TRUE(train(stopped, true, -1));
}

TEST_F(Resume, RefusesAnotherSplitOfTheSameRows) {
  const auto split = [&](size_t rows) {
    LabelledTexts training = data_;
    training.texts.resize(rows);
    training.labels.resize(rows);
    LabelledTexts validation;
    validation.texts.assign(data_.texts.begin() + static_cast<std::ptrdiff_t>(rows),
                            data_.texts.end());
    validation.labels.assign(data_.labels.begin() + static_cast<std::ptrdiff_t>(rows),
                             data_.labels.end());
    return std::pair(training, validation);
  };
  TrainingOptions stopped = options("stopped");
  TrainingCallbacks stop_at_once;
  stop_at_once.should_stop = [] { return true; };
  const auto [training, validation] = split(90);
  expect_error(ErrorCode::interrupted, "", [&, &rows = training, &held = validation] {
    Trainer(stopped, stop_at_once).train(rows, &held);
  });
  stopped.resume = true;
  const auto [fewer, more] = split(87);
  expect_error(ErrorCode::invalid_argument, "resume", [&, &rows = fewer, &held = more] {
    Trainer(stopped).train(rows, &held);
  });
  expect_error(ErrorCode::invalid_argument, "resume", [&] { Trainer(stopped).train(data_); });
}

TEST_F(Resume, RefusesADamagedState) {
  const TrainingOptions stopped = options("stopped");
  ASSERT_FALSE(train(stopped, false, 5));
  const std::filesystem::path folder = training_folder_of(stopped.output);
  TrainingOptions again = stopped;
  again.resume = true;
  const std::string tensors = read_whole(folder / "state/tensors.safetensors");
  std::ofstream(folder / "state/tensors.safetensors", std::ios::binary)
      << tensors.substr(0, tensors.size() - 8);
  expect_error(
      ErrorCode::bad_checkpoint, "tensors.safetensors", [&] { Trainer(again).train(data_); });
  std::ofstream(folder / "state/progress.json") << "{";
  expect_error(ErrorCode::bad_checkpoint, "progress.json", [&] { Trainer(again).train(data_); });
}

}  // namespace
}  // namespace fastintent
