#include "fastintent/evaluation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "fastintent/error.h"

namespace fastintent {
namespace {

const std::vector<std::string> kIntents = {"a", "b", "c", "d", "e", "f"};

// The examples of evaluation_golden.py; the expected figures are its output.
class GoldenEvaluation : public testing::Test {
 protected:
  const std::vector<std::string> labels_ = {"a", "b", "b", "d", "d", "b", "x", "d"};
  const std::vector<std::vector<float>> logits_ = {{2, 1, 0, -1, 0.5F, -2},
                                                   {0, 3, 1, 1, 0, 0},
                                                   {1, 0.5F, 2, 0, 0, 0},
                                                   {0.2F, 0.1F, 0, 4, 0, 1},
                                                   {3, 2.5F, 2, 1.5F, 1, 0.5F},
                                                   {1, 1, 0, 0, 0, -3},
                                                   {0, 0, 0, 0, 2, 1},
                                                   {-1, 0, 0.5F, 6, 0, 0}};
  const Evaluation evaluation_ = evaluate_logits(logits_, labels_, kIntents);
};

constexpr double kClose = 1e-12;  // sums of a few doubles

TEST_F(GoldenEvaluation, AgreesWithScikitLearn) {
  EXPECT_EQ(evaluation_.examples, 8);
  EXPECT_NEAR(evaluation_.loss, 0.9686986126105612, kClose);
  EXPECT_NEAR(evaluation_.accuracy, 0.5, kClose);
  EXPECT_NEAR(evaluation_.top_3_accuracy, 0.75, kClose);
  EXPECT_NEAR(evaluation_.top_5_accuracy, 0.875, kClose);
  EXPECT_NEAR(evaluation_.macro_precision, 0.7777777777777777, kClose);
  EXPECT_NEAR(evaluation_.macro_recall, 0.6666666666666666, kClose);
  EXPECT_NEAR(evaluation_.macro_f1, 0.6, kClose);
  EXPECT_NEAR(evaluation_.weighted_precision, 0.7916666666666667, kClose);
  EXPECT_NEAR(evaluation_.weighted_recall, 0.5, kClose);
  EXPECT_NEAR(evaluation_.weighted_f1, 0.55, kClose);
  EXPECT_NEAR(evaluation_.expected_calibration_error, 0.3280002041165342, kClose);
}

void expect_bin(const ReliabilityBin& bin, int64_t examples, double confidence, double accuracy) {
  EXPECT_EQ(bin.examples, examples);
  EXPECT_NEAR(bin.mean_confidence, confidence, kClose);
  EXPECT_NEAR(bin.accuracy, accuracy, kClose);
}

TEST_F(GoldenEvaluation, ReliabilityHoldsEachExampleInTheBinOfItsConfidence) {
  ASSERT_EQ(evaluation_.reliability.size(), 15U);
  expect_bin(evaluation_.reliability[0], 0, 0, 0);
  expect_bin(evaluation_.reliability[4], 1, 0.32031221857937653, 0);
  expect_bin(evaluation_.reliability[7], 2, 0.5122606007741923, 0);
  expect_bin(evaluation_.reliability[14], 1, 0.9877178178942605, 1);
  int64_t examples = 0;
  for (const ReliabilityBin& bin : evaluation_.reliability) {
    examples += bin.examples;
  }
  EXPECT_EQ(examples, 8);
}

TEST_F(GoldenEvaluation, TemperatureChangesWhatIsCalibratedAndNothingElse) {
  const Evaluation cooler = evaluate_logits(logits_, labels_, kIntents, 2);
  EXPECT_EQ(cooler.temperature, 2);
  EXPECT_NEAR(cooler.expected_calibration_error, 0.38002672219561007, kClose);
  expect_bin(cooler.reliability[4], 3, 0.30794247529210655, 0);
  expect_bin(cooler.reliability[12], 1, 0.8041905082399781, 1);
  EXPECT_EQ(cooler.uncalibrated_calibration_error, evaluation_.expected_calibration_error);
  expect_bin(cooler.uncalibrated_reliability[7], 2, 0.5122606007741923, 0);
  EXPECT_EQ(cooler.loss, evaluation_.loss);
  EXPECT_EQ(cooler.accuracy, evaluation_.accuracy);
  EXPECT_EQ(cooler.confusion_cells, evaluation_.confusion_cells);
  ASSERT_EQ(cooler.mistakes.size(), 4U);
  EXPECT_NEAR(cooler.mistakes[0].confidence, 0.31421487, 1e-7);  // a float's precision
}

TEST_F(GoldenEvaluation, MistakesTellTheExampleAndBothIntents) {
  std::string mistakes;
  for (const Mistake& mistake : evaluation_.mistakes) {
    mistakes += std::to_string(mistake.example) + mistake.label + mistake.predicted + " ";
  }
  EXPECT_EQ(mistakes, "2bc 4da 5ba 6xe ");  // that of the unseen label among them
  EXPECT_NEAR(evaluation_.mistakes[3].confidence, 0.52377395, 1e-7);  // a float's precision
}

TEST_F(GoldenEvaluation, FiguresOfAClassCountPredictionsOfUnseenLabels) {
  const ClassFigures& e = evaluation_.classes[4];
  EXPECT_EQ(e.support, 0);
  EXPECT_EQ(e.predicted, 1);  // the example labelled "x"
  EXPECT_EQ(e.precision, 0);
  EXPECT_EQ(e.f1, 0);
  const ClassFigures& d = evaluation_.classes[3];
  EXPECT_EQ(d.support, 3);
  EXPECT_EQ(d.precision, 1);
  EXPECT_NEAR(d.recall, 2.0 / 3, kClose);
  EXPECT_NEAR(d.f1, 0.8, kClose);
}

TEST_F(GoldenEvaluation, UnseenLabelsAreCountedAndNotConfused) {
  EXPECT_EQ(evaluation_.unseen_label_examples, 1);
  ASSERT_EQ(evaluation_.unseen_labels.size(), 1U);
  EXPECT_EQ(evaluation_.unseen_labels[0], std::pair(std::string("x"), int64_t{1}));
  int64_t inside = 0;
  for (const ConfusionCell& cell : evaluation_.confusion_cells) {
    inside += cell.count;
  }
  EXPECT_EQ(inside, 7);
}

TEST_F(GoldenEvaluation, ListsMostConfusedAndWorstInOrder) {
  const auto confused = evaluation_.most_confused(2);
  ASSERT_EQ(confused.size(), 2U);  // three pairs of one example each: lowest indices first
  EXPECT_EQ(confused[0].label + confused[0].predicted, "ba");
  EXPECT_EQ(confused[1].label + confused[1].predicted, "bc");
  EXPECT_EQ(evaluation_.most_confused(10).size(), 3U);
  EXPECT_TRUE(evaluation_.most_confused(-1).empty());
  const auto worst = evaluation_.worst_classes(10);
  ASSERT_EQ(worst.size(), 3U);  // those with support
  EXPECT_EQ(worst[0].label + worst[1].label + worst[2].label, "abd");
}

TEST_F(GoldenEvaluation, JsonHoldsFiguresAtTheTopLevel) {
  const auto json = nlohmann::json::parse(to_json(evaluation_));
  EXPECT_EQ(json["accuracy"], 0.5);
  EXPECT_EQ(json["macro_f1"].get<double>(), evaluation_.macro_f1);
  for (const char* name : {"macro_precision",
                           "macro_recall",
                           "weighted_precision",
                           "weighted_recall",
                           "weighted_f1",
                           "top_3_accuracy",
                           "top_5_accuracy",
                           "expected_calibration_error",
                           "uncalibrated_calibration_error",
                           "temperature",
                           "loss",
                           "examples"}) {
    EXPECT_TRUE(json[name].is_number()) << name;
  }
  ASSERT_EQ(json["reliability"].size(), 15U);
  EXPECT_EQ(json["reliability"][7]["examples"], 2);
  EXPECT_EQ(json["reliability"][7]["mean_confidence"].get<double>(),
            evaluation_.reliability[7].mean_confidence);
  EXPECT_EQ(json["uncalibrated_reliability"][14]["accuracy"], 1);
  EXPECT_EQ(json["unseen_label_examples"], 1);
  EXPECT_EQ(json["unseen_labels"]["x"], 1);
  EXPECT_EQ(json["per_class"]["d"]["support"], 3);
  EXPECT_EQ(json["per_class"].size(), 6U);
  const nlohmann::json of_b = {{{"label", "b"}, {"predicted", "a"}, {"count", 1}},
                               {{"label", "b"}, {"predicted", "b"}, {"count", 1}},
                               {{"label", "b"}, {"predicted", "c"}, {"count", 1}}};
  nlohmann::json found = nlohmann::json::array();
  for (const auto& cell : json["confusion_matrix"]) {
    if (cell["label"] == "b") {
      found.push_back(cell);
    }
  }
  EXPECT_EQ(found, of_b);
}

TEST_F(GoldenEvaluation, TheDenseMatrixHasTheCellsAndZeros) {
  const auto matrix = evaluation_.confusion_matrix();
  ASSERT_EQ(matrix.size(), 6U);
  EXPECT_EQ(matrix[1], (std::vector<int64_t>{1, 1, 1, 0, 0, 0}));
  EXPECT_EQ(matrix[4], std::vector<int64_t>(6));
}

// A dense matrix of so many classes has 10^10 counts.
TEST(Evaluation, GrowsWithTheExamplesAndNotWithTheSquareOfTheClasses) {
  constexpr size_t kClasses = 40'000;  // their square is 13 GB
  std::vector<std::string> intents(kClasses);
  for (size_t c = 0; c < kClasses; ++c) {
    intents[c] = "intent " + std::to_string(c);
  }
  std::vector<float> row(kClasses);
  row[7] = 1;
  const Evaluation evaluation =
      evaluate_logits({row, row, row}, {"intent 7", "intent 39999", "intent 39999"}, intents);
  EXPECT_EQ(evaluation.confusion_cells, (std::vector<ConfusionCell>{{7, 7, 1}, {39'999, 7, 2}}));
  EXPECT_EQ(evaluation.most_confused(5).size(), 1U);
  EXPECT_EQ(nlohmann::json::parse(to_json(evaluation))["confusion_matrix"].size(), 2U);
}

// Members of an ordered JSON object are found by going through all of them.
TEST(Evaluation, ManyUnseenLabels) {
  constexpr size_t kExamples = 100'000;
  const std::vector<std::vector<float>> logits(kExamples, {1, 0});
  std::vector<std::string> labels(kExamples);
  for (size_t i = 0; i < kExamples; ++i) {
    labels[i] = "unseen " + std::to_string(i);
  }
  const auto json = nlohmann::json::parse(to_json(evaluate_logits(logits, labels, {"a", "b"})));
  EXPECT_EQ(json["unseen_labels"].size(), kExamples);
}

TEST(Evaluation, LargeLogitsDoNotOverflow) {
  const auto evaluation =
      evaluate_logits({{3e38F, -3e38F}, {1e30F, 1e30F}}, {"a", "b"}, {"a", "b"});
  EXPECT_NEAR(evaluation.loss, std::log(2.0) / 2, kClose);
  EXPECT_EQ(evaluation.accuracy, 0.5);
}

TEST(Evaluation, PerfectConfidentAnswersHaveNoCalibrationError) {
  const auto evaluation = evaluate_logits({{100, 0}, {0, 100}}, {"a", "b"}, {"a", "b"});
  EXPECT_EQ(evaluation.expected_calibration_error, 0);
  EXPECT_EQ(evaluation.macro_f1, 1);
}

TEST(Evaluation, OnlyUnseenLabels) {
  const auto evaluation = evaluate_logits({{1, 0}}, {"z"}, {"a", "b"});
  EXPECT_EQ(evaluation.accuracy, 0);
  EXPECT_EQ(evaluation.loss, 0);
  EXPECT_EQ(evaluation.macro_f1, 0);
  EXPECT_EQ(evaluation.unseen_label_examples, 1);
}

TEST(Evaluation, NoExamplesGiveZeros) {
  const auto evaluation = evaluate_logits({}, {}, {"a"});
  EXPECT_EQ(evaluation.examples, 0);
  EXPECT_EQ(evaluation.accuracy, 0);
  EXPECT_EQ(evaluation.expected_calibration_error, 0);
}

ErrorCode code_of(const std::vector<std::vector<float>>& logits,
                  const std::vector<std::string>& labels,
                  const std::vector<std::string>& intents) {
  try {
    evaluate_logits(logits, labels, intents);
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "expected an Error";
  return ErrorCode::io_error;
}

TEST(Evaluation, RefusesWhatItCannotMeasure) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(code_of({{1, 2}}, {}, {"a", "b"}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({{1}}, {"a"}, {"a", "b"}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({}, {}, {}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({{nan, 2}}, {"a"}, {"a", "b"}), ErrorCode::invalid_data);
  EXPECT_EQ(code_of({{1, infinity}}, {"a"}, {"a", "b"}), ErrorCode::invalid_data);
}

TEST(Evaluation, RefusesATemperatureThatIsNone) {
  for (const double temperature : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    EXPECT_THROW(evaluate_logits({{1, 0}}, {"a"}, {"a", "b"}, temperature), Error) << temperature;
  }
}

TEST(Evaluation, JsonOfLabelsThatAreNotUtf8StaysValid) {
  const auto json =
      nlohmann::json::parse(to_json(evaluate_logits({{1, 0}}, {"\xff"}, {"\xfe", "b"})));
  EXPECT_EQ(json["unseen_labels"]["\xEF\xBF\xBD"], 1);
}

}  // namespace
}  // namespace fastintent
