#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/expect_error.h"
#include "fastintent/intent_classifier.h"
#include "tiny_training.h"

namespace fastintent {
namespace {

class TrainerErrors : public testing::Test {
 protected:
  void expect(ErrorCode code,
              const std::string& part,
              const LabelledTexts& training,
              const LabelledTexts* validation = nullptr) const {
    expect_error(code, part, [&] { Trainer(options()).train(training, validation); });
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path())) << "a refused run left files";
  }
  TrainingOptions options() const { return tiny_options(folder_ / "model"); }

  const TemporaryFolder folder_;
};

TEST_F(TrainerErrors, AValidationLabelMustBeATrainingLabel) {
  LabelledTexts validation = tiny_texts(30);
  validation.labels[7] = "weather";
  expect(ErrorCode::invalid_data, "weather", tiny_texts(), &validation);
}

TEST_F(TrainerErrors, OneLabelIsNotEnough) {
  LabelledTexts data = tiny_texts();
  for (std::string& label : data.labels) {
    label = "card";
  }
  expect(ErrorCode::invalid_data, "two different labels", data);
  expect(ErrorCode::invalid_data, "two different labels", LabelledTexts());
}

TEST_F(TrainerErrors, SomeRowMustBeLeftToValidateOn) {
  LabelledTexts data;  // the last row of a class is never held out
  data.texts = {"my card", "my pin", "my fee"};
  data.labels = {"card", "settings", "money"};
  expect(ErrorCode::invalid_data, "rows to validate on", data);
  const LabelledTexts none;
  expect(ErrorCode::invalid_data, "rows to validate on", tiny_texts(), &none);
}

TEST_F(TrainerErrors, EveryTextNeedsALabel) {
  LabelledTexts data = tiny_texts();
  data.labels.pop_back();
  expect(ErrorCode::invalid_argument, "a label for each of 120 texts", data);
  expect(ErrorCode::invalid_argument, "a label for each of 120 texts", tiny_texts(), &data);
}

TEST_F(TrainerErrors, TheBaseMustExist) {
  TrainingOptions absent = options();
  absent.base_model = folder_ / "absent";
  expect_error(ErrorCode::missing_input, "absent", [&] { Trainer(absent).train(tiny_texts()); });
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

// transformers opens such a folder, whose answers are those of any other rate.
TEST_F(TrainerErrors, ADropoutRateOfOneNeedsAnotherForTheRun) {
  const TemporaryFolder parent;
  TrainingOptions changed = options();
  changed.base_model = parent / "base";
  changed.dropout.reset();
  std::filesystem::copy(
      options().base_model, changed.base_model, std::filesystem::copy_options::recursive);
  nlohmann::json config = nlohmann::json::parse(read_whole(changed.base_model / "config.json"));
  config["hidden_dropout_prob"] = 1.0;
  std::ofstream(changed.base_model / "config.json") << config;
  expect_error(
      ErrorCode::invalid_argument, "--dropout", [&] { Trainer(changed).train(tiny_texts()); });
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  changed.dropout = 0.1;
  changed.epochs = 1;
  Trainer(changed).train(tiny_texts());
  // The trained folder keeps the rate.
  IntentClassifier classifier({.model_path = changed.output});
  EXPECT_GT(classifier.predict("my card").confidence, 0);
}

TEST_F(TrainerErrors, SettingsMustBeInTheirRange) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto refuse = [&](const char* name, auto change) {
    TrainingOptions changed = options();
    change(changed);
    expect_error(ErrorCode::invalid_argument, name, [&] { Trainer(changed).train(tiny_texts()); });
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path())) << name;
  };
  refuse("epochs", [](auto& options) { options.epochs = 0; });
  refuse("batch size", [](auto& options) { options.batch_size = 0; });
  refuse("learning rate", [](auto& options) { options.learning_rate = 0; });
  refuse("learning rate", [&](auto& options) { options.learning_rate = nan; });
  refuse("head learning rate", [](auto& options) { options.head_learning_rate = -1; });
  refuse("weight decay", [](auto& options) { options.weight_decay = -0.1; });
  refuse("warmup share", [](auto& options) { options.warmup_share = 1; });
  refuse("gradient clip", [](auto& options) { options.gradient_clip = -1; });
  refuse("label smoothing", [](auto& options) { options.label_smoothing = 1; });
  refuse("dropout", [](auto& options) { options.dropout = 1; });
  refuse("dropout", [&](auto& options) { options.dropout = nan; });
  refuse("layer decay", [](auto& options) { options.layer_decay = 0; });
  refuse("layer decay", [](auto& options) { options.layer_decay = 1.5; });
  refuse("validation share", [](auto& options) { options.validation_share = 0; });
  refuse("validation share", [](auto& options) { options.validation_share = 1; });
  refuse("review accuracy", [](auto& options) { options.review_accuracy = 1.1; });
  refuse("patience", [](auto& options) { options.patience = 0; });
  refuse("precision", [](auto& options) { options.precision = Precision::int8; });
  refuse("threads", [](auto& options) { options.threads = -1; });
  refuse("threads", [](auto& options) { options.threads = 1'000'000; });
  refuse("max length", [](auto& options) { options.max_length = -1; });
}

}  // namespace
}  // namespace fastintent
