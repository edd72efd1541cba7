#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>

#include "base/expect_error.h"
#include "fastintent/intent_classifier.h"
#include "model/calibration.h"
#include "tiny_training.h"

namespace fastintent {
namespace {

class TrainerCalibration : public testing::Test {
 protected:
  // After three epochs the tiny model still errs, so that there is something to calibrate.
  TrainingOptions options(const std::string& name) const { return tiny_options(folder_ / name); }
  TrainingReport train(const TrainingOptions& options) const {
    return Trainer(options).train(training_, &validation_);
  }
  static IntentClassifier open(const TrainingOptions& options) {
    ClassifierOptions from_output;
    from_output.model_path = options.output;
    from_output.device = Device::cpu;
    from_output.threads = 1;
    return IntentClassifier(from_output);
  }

  const TemporaryFolder folder_;
  const LabelledTexts training_ = tiny_texts();
  const LabelledTexts validation_ = tiny_texts(60);
};

TEST_F(TrainerCalibration, IsReportedSavedAndUsed) {
  const TrainingOptions run = options("model");
  const TrainingReport report = train(run);
  EXPECT_NE(report.temperature, 1);
  ASSERT_TRUE(report.review_threshold.has_value());
  IntentClassifier classifier = open(run);
  EXPECT_EQ(classifier.temperature(), report.temperature);
  EXPECT_EQ(classifier.review_threshold(), report.review_threshold);

  const Evaluation evaluation = classifier.evaluate(validation_);
  EXPECT_NEAR(
      evaluation.expected_calibration_error, report.validation->expected_calibration_error, 1e-6);
  EXPECT_NEAR(evaluation.uncalibrated_calibration_error,
              report.validation->uncalibrated_calibration_error,
              1e-6);
  EXPECT_NE(evaluation.uncalibrated_calibration_error, evaluation.expected_calibration_error);
}

// Of the model that is saved, on the rows that were held out or passed, also after a second training
// on all rows.
TEST_F(TrainerCalibration, MeasuresWhichLabelsPrecisionsKeep) {
  TrainingOptions run = options("model");
  run.overwrite = true;
  for (const bool refit : {false, true}) {
    run.refit = refit;
    for (const LabelledTexts* validation :
         {&validation_, static_cast<const LabelledTexts*>(nullptr)}) {
      const TrainingReport report = Trainer(run).train(training_, validation);
      std::vector<std::string> texts = validation_.texts;
      if (validation == nullptr) {
        texts.clear();
        for (const int64_t row : report.held_out_rows) {
          texts.push_back(training_.texts[static_cast<size_t>(row)]);
        }
      }
      ASSERT_FALSE(texts.empty());
      std::map<Precision, double> expected;
      IntentClassifier exact = open(run);
      for (const Precision precision : {Precision::bf16, Precision::int8}) {
        IntentClassifier other = open(run);
        other.optimize_for_inference(precision);
        double same = 0;
        for (const std::string& text : texts) {
          same += exact.predict(text).intent == other.predict(text).intent ? 1 : 0;
        }
        expected[precision] = same / static_cast<double>(texts.size());
      }
      EXPECT_EQ(report.label_agreement, expected);
      EXPECT_EQ(read_calibration(SnapshotPath(run.output)).label_agreement, expected);
    }
  }
}

TEST_F(TrainerCalibration, KeepsTheAccuracyAskedForAboveTheThreshold) {
  TrainingOptions run = options("model");
  run.overwrite = true;
  double last_share = 0;
  for (const double accuracy : {0.0, 0.6, 0.9}) {
    run.review_accuracy = accuracy;
    const TrainingReport report = train(run);
    IntentClassifier classifier = open(run);
    double kept = 0;
    double right = 0;
    const auto predictions = classifier.predict_batch(validation_.texts);
    for (size_t i = 0; i < predictions.size(); ++i) {
      if (predictions[i].needs_review) {
        continue;
      }
      kept += 1;
      right += predictions[i].intent == validation_.labels[i] ? 1 : 0;
    }
    ASSERT_GT(kept, 0);
    EXPECT_GE(right / kept, accuracy);
    EXPECT_NEAR(report.review_share, 1 - kept / static_cast<double>(predictions.size()), 1e-12);
    EXPECT_GE(report.review_share, last_share);
    last_share = report.review_share;
  }
  EXPECT_GT(last_share, 0);
}

TEST_F(TrainerCalibration, OfTheSearchStaysInARefit) {
  const TrainingReport searched = train(options("searched"));
  TrainingOptions refitted = options("refitted");
  refitted.refit = true;
  const TrainingReport report = train(refitted);
  EXPECT_EQ(report.temperature, searched.temperature);
  EXPECT_EQ(report.review_threshold, searched.review_threshold);
  EXPECT_EQ(open(refitted).temperature(), searched.temperature);
}

TEST_F(TrainerCalibration, OfTheBaseIsNotInherited) {
  train(options("base"));
  const std::filesystem::path file = folder_ / "base/fastintent.json";
  TrainingOptions next = options("next");
  next.base_model = folder_ / "base";
  train(next);
  const auto expected = folder_bytes(next.output);
  std::ofstream(file) << R"({"format_version":1,"temperature":7,"review_threshold":0.123})";
  next.output = folder_ / "other";
  train(next);
  EXPECT_EQ(folder_bytes(next.output), expected);
}

TEST_F(TrainerCalibration, RefusesAnAccuracyThatIsNoShare) {
  for (const double accuracy : {-0.1, 1.1, std::nan("")}) {
    TrainingOptions run = options("model");
    run.review_accuracy = accuracy;
    expect_error(ErrorCode::invalid_argument, "review accuracy", [&] { train(run); });
  }
}

}  // namespace
}  // namespace fastintent
