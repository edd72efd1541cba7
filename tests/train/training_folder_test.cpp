#include "train/training_folder.h"

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "checkpoint/checksum.h"
#include "reference/reference_backend.h"
#include "train/optimizer.h"

namespace fastintent {
namespace {

// A state as a run saves it, with some of its numbers replaced by impossible ones and the checksum
// of those.
class TrainingFolderTest : public testing::Test {
 protected:
  TrainingFolderTest() {
    for (Buffer* buffer : {&weights_.flat,
                           &weights_.word,
                           &optimizer_.first_moment,
                           &optimizer_.second_moment,
                           &optimizer_.word_first_moment,
                           &optimizer_.word_second_moment}) {
      *buffer = backend_->allocate(1, 1);
    }
    optimizer_.word_steps = {7, 0};
    folder_.create(/*keep_best=*/false);
    save(folder_, 7);
  }

  void save(TrainingFolder& folder, int64_t step) const {
    FitProgress progress;
    progress.step = step;
    progress.epoch = 1;
    folder.save_state("print", progress, *backend_, weights_, optimizer_);
  }

  void replace(const std::string& key, const nlohmann::json& value) const {
    const auto file = folder_.path() / "state" / "progress.json";
    nlohmann::json document = nlohmann::json::parse(std::ifstream(file));
    document[key] = value;
    document.erase("checksum");
    document["checksum"] = checksum(document.dump());
    std::ofstream(file) << document;
  }

  void expect_refused(const std::string& part, ErrorCode code = ErrorCode::bad_checkpoint) {
    expect_error(code, part, [&] {
      folder_.load_progress("print");
      folder_.load_state(*backend_, weights_, optimizer_);
    });
  }

  void set(const Buffer& buffer, float value) const {
    const HostView view(*backend_, buffer);
    view.values()[0] = value;
    view.write();
  }

  float value_of(const Buffer& buffer) const {
    HostView view(*backend_, buffer);
    view.read();
    return view.values()[0];
  }

  TemporaryFolder parent_;
  TrainingFolder folder_{parent_.path() / "out"};
  std::unique_ptr<Backend> backend_ = create_reference_backend();
  OwnedWeights weights_;
  OptimizerState optimizer_;
};

TEST_F(TrainingFolderTest, AStateIsReadBack) {
  optimizer_.word_steps = {0, 0};
  EXPECT_EQ(folder_.load_progress("print").step, 7);
  folder_.load_state(*backend_, weights_, optimizer_);
  EXPECT_EQ(optimizer_.word_steps, (std::vector<int32_t>{7, 0}));
}

TEST_F(TrainingFolderTest, AProcessAloneKeepsOneState) {
  save(folder_, 9);
  EXPECT_EQ(folder_.load_progress("print").step, 9);
  EXPECT_FALSE(folder_.load_previous_progress("print").has_value());
}

TEST_F(TrainingFolderTest, OneOfSeveralProcessesKeepsTwoStates) {
  TrainingFolder one(parent_.path() / "out", /*rank=*/1, /*processes=*/2);
  one.create(/*keep_best=*/false);
  for (const int64_t step : {7, 8, 9}) {
    save(one, step);
  }
  EXPECT_EQ(one.load_progress("print").step, 9);
  EXPECT_EQ(one.load_previous_progress("print")->step, 8);
  one.return_to_previous();
  EXPECT_TRUE(one.has_state());
  EXPECT_EQ(one.load_progress("print").step, 8);
  EXPECT_FALSE(one.load_previous_progress("print").has_value());
  one.load_state(*backend_, weights_, optimizer_);
  save(one, 9);
  EXPECT_EQ(one.load_progress("print").step, 9);
  EXPECT_EQ(one.load_previous_progress("print")->step, 8);
  one.remove();
  EXPECT_FALSE(std::filesystem::exists(one.path()));
}

TEST_F(TrainingFolderTest, CountsThatNoRunHas) {
  for (const char* key : {"step", "step_in_epoch", "epoch", "refit_epochs", "best_epoch"}) {
    for (const int64_t count : {int64_t{-1}, int64_t{1} << 31, int64_t{1} << 62}) {
      replace(key, count);
      expect_refused(std::string("a count from 0 to 2147483647 as '") + key);
    }
    replace(key, 7);
  }
}

TEST_F(TrainingFolderTest, AStateOfAnotherVersionOrRun) {
  expect_error(
      ErrorCode::invalid_argument, "found others", [&] { folder_.load_progress("other"); });
  replace("format_version", 2);
  expect_refused("format version 3, found 2", ErrorCode::invalid_argument);
}

TEST_F(TrainingFolderTest, ANumberThatWasChangedLater) {
  const auto file = folder_.path() / "state" / "progress.json";
  nlohmann::json document = nlohmann::json::parse(std::ifstream(file));
  document["examples"] = 12;
  std::ofstream(file) << document;
  expect_refused("'checksum'");
}

TEST_F(TrainingFolderTest, TensorsOfAStateWithoutMoments) {
  set(weights_.flat, 3);
  folder_.save_state("print", {}, *backend_, &weights_);
  set(weights_.flat, 4);
  folder_.load_weights(*backend_, weights_);
  EXPECT_EQ(value_of(weights_.flat), 3);
  expect_refused("expected a tensor first_moment, found none");
  folder_.save_state("print", {}, *backend_, nullptr);
  expect_refused("tensors.safetensors", ErrorCode::missing_input);
}

TEST_F(TrainingFolderTest, AWeightThatWasChangedLater) {
  const auto file = folder_.path() / "state" / "tensors.safetensors";
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(-1, std::ios::end);
  bytes.put('\x40');
  bytes.close();
  expect_refused("checksum");
}

TEST_F(TrainingFolderTest, TheBestWeightsOutliveTheState) {
  set(weights_.word, 5);
  folder_.save_best(*backend_, weights_);
  set(weights_.word, 6);
  folder_.load_best(*backend_, weights_);
  EXPECT_EQ(value_of(weights_.word), 5);
  std::filesystem::remove_all(folder_.path() / "state");
  EXPECT_FALSE(folder_.has_state());
  EXPECT_TRUE(folder_.has_results());
  folder_.create(/*keep_best=*/true);
  EXPECT_TRUE(folder_.has_results());
  folder_.create(/*keep_best=*/false);
  EXPECT_FALSE(folder_.has_results());
}

TEST_F(TrainingFolderTest, IsNotMadeOverWhatOthersWrote) {
  const auto create = [&] { folder_.create(/*keep_best=*/false); };
  const auto other = folder_.path() / "notes.txt";
  std::ofstream(other) << "mine";
  expect_error(ErrorCode::cannot_create, "files that are not a training run's", create);
  EXPECT_TRUE(std::filesystem::exists(other));
  EXPECT_FALSE(folder_.has_state());  // its own files are removed before
  std::filesystem::remove_all(folder_.path());
  std::ofstream(folder_.path()) << "a file";
  expect_error(ErrorCode::cannot_create, "found: a file", create);
  EXPECT_TRUE(std::filesystem::is_regular_file(folder_.path()));
  std::filesystem::remove(folder_.path());
  std::filesystem::create_directory_symlink(parent_.path(), folder_.path());
  expect_error(ErrorCode::cannot_create, "a link", create);
}

// What stays in a state's place is not taken for a state that was removed or renamed.
TEST_F(TrainingFolderTest, AStateThatCannotBeMoved) {
  TrainingFolder one(parent_.path() / "out", /*rank=*/1, /*processes=*/2);
  one.create(/*keep_best=*/false);
  save(one, 7);
  std::filesystem::create_directories(one.path() / "previous" / "notes");
  expect_error(ErrorCode::cannot_create, "to rename", [&] { save(one, 8); });
  EXPECT_EQ(one.load_progress("print").step, 7);
  const auto progress = one.path() / "state" / "progress.json";
  std::filesystem::remove(progress);
  std::filesystem::create_directories(progress / "notes");
  expect_error(ErrorCode::io_error, "still there", [&] { one.return_to_previous(); });
}

// A missed step is looked up by its number.
TEST_F(TrainingFolderTest, WordStepsAfterTheLastStep) {
  for (const nlohmann::json& steps : {nlohmann::json{8, 0},
                                      nlohmann::json{-1, 0},
                                      nlohmann::json{int64_t{1} << 32, 0},
                                      nlohmann::json{0},
                                      nlohmann::json{0.5, 0}}) {
    replace("word_steps", steps);
    expect_refused("word steps");
  }
}

}  // namespace
}  // namespace fastintent
