#include <gtest/gtest.h>

#include "base/expect_error.h"
#include "fastintent/evaluation.h"
#include "fastintent/intent_classifier.h"
#include "golden_case.h"

namespace fastintent {
namespace {

class Evaluate : public testing::Test {
 protected:
  static IntentClassifier make() {
    ClassifierOptions options;
    options.model_path = GoldenCase("bert_pooler").model();
    options.device = Device::cpu;
    options.threads = 2;
    return IntentClassifier(options);
  }
  // Texts with the labels that the model predicts for them.
  LabelledTexts answered() {
    LabelledTexts data;
    data.texts = {
        "my card", "please close my account", "transfer failed", "new pin", "when", "fee"};
    for (const std::string& text : data.texts) {
      data.labels.push_back(classifier_.predict(text).intent);
    }
    return data;
  }

  IntentClassifier classifier_ = make();
};

TEST_F(Evaluate, IsPerfectOnTheModelsOwnAnswers) {
  const Evaluation evaluation = classifier_.evaluate(answered());
  EXPECT_EQ(evaluation.examples, 6);
  EXPECT_EQ(evaluation.accuracy, 1);
  EXPECT_EQ(evaluation.macro_f1, 1);
  EXPECT_EQ(evaluation.unseen_label_examples, 0);
  EXPECT_EQ(evaluation.classes.size(), 5U);
}

TEST_F(Evaluate, CountsAnUnseenLabelAsWrongAndNamesIt) {
  LabelledTexts data = answered();
  data.labels[1] = "weather";
  data.labels[4] = "weather";
  const Evaluation evaluation = classifier_.evaluate(data);
  EXPECT_DOUBLE_EQ(evaluation.accuracy, 4.0 / 6);
  EXPECT_EQ(evaluation.unseen_label_examples, 2);
  ASSERT_EQ(evaluation.unseen_labels.size(), 1U);
  EXPECT_EQ(evaluation.unseen_labels[0], (std::pair<std::string, int64_t>("weather", 2)));
  int64_t counted = 0;
  for (const ClassFigures& figures : evaluation.classes) {
    counted += figures.support;
  }
  EXPECT_EQ(counted, 4);
}

TEST_F(Evaluate, MeasuresTheLogitsOfPrediction) {
  const LabelledTexts data = answered();
  PredictOptions options;
  options.with_logits = true;
  std::vector<std::vector<float>> logits;
  for (const std::string& text : data.texts) {
    logits.push_back(classifier_.predict(text, options).logits);
  }
  const Evaluation expected = evaluate_logits(logits, data.labels, classifier_.intents());
  EXPECT_EQ(classifier_.evaluate(data).loss, expected.loss);
}

TEST_F(Evaluate, RefusesABlankText) {
  LabelledTexts data = answered();
  data.texts[3] = " ";
  expect_error(ErrorCode::invalid_data, "index 3", [&] { classifier_.evaluate(data); });
}

}  // namespace
}  // namespace fastintent
