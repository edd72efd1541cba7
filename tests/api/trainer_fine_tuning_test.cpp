#include <gtest/gtest.h>

#include <algorithm>

#include "fastintent/intent_classifier.h"
#include "model/model_folder.h"
#include "tiny_training.h"

namespace fastintent {
namespace {

class FineTuning : public testing::Test {
 protected:
  // Trains an epoch and returns what was initialised.
  std::vector<std::string> train(const std::string& base,
                                 const LabelledTexts& data,
                                 HeadPooling pooling = HeadPooling::automatic,
                                 double learning_rate = 2e-3) const {
    TrainingOptions options = tiny_options(output(), base);
    options.overwrite = true;
    options.epochs = 1;
    options.pooling = pooling;
    options.learning_rate = learning_rate;
    std::vector<std::string> initialised;
    const std::string prefix = "initialised: ";
    TrainingCallbacks callbacks;
    callbacks.on_message = [&](const std::string& message) {
      if (message.starts_with(prefix)) {
        initialised.push_back(message.substr(prefix.size()));
      }
    };
    Trainer(options, callbacks).train(data);
    return initialised;
  }
  std::filesystem::path output() const { return folder_ / "model"; }
  bool has(const std::string& file) const { return std::filesystem::exists(output() / file); }
  IntentClassifier open(const std::filesystem::path& folder) const {
    ClassifierOptions options;
    options.model_path = folder;
    options.device = Device::cpu;
    options.threads = 1;
    return IntentClassifier(options);
  }
  // Tiny texts under labels of our choice.
  static LabelledTexts relabelled(const std::vector<std::string>& labels) {
    LabelledTexts data = tiny_texts(60);
    for (size_t row = 0; row < data.labels.size(); ++row) {
      data.labels[row] = labels[row % labels.size()];
    }
    return data;
  }

  const TemporaryFolder folder_;
};

using Names = std::vector<std::string>;

TEST_F(FineTuning, APlainBaseGetsTheFamilysOwnHead) {
  // The base was saved with its pooler.
  EXPECT_EQ(train("bert_base", tiny_texts()), Names({"classifier.weight", "classifier.bias"}));
  EXPECT_EQ(ModelFolder(output()).config().head, HeadKind::pooler);
  EXPECT_FALSE(has("modules.json"));
  EXPECT_NE(read_whole(output() / "config.json").find("BertForSequenceClassification"),
            std::string::npos);
}

TEST_F(FineTuning, ASentenceBaseGetsItsOwnPoolingAndALinearHead) {
  EXPECT_EQ(train("sentence_base", tiny_texts()), Names({"linear.weight", "linear.bias"}));
  EXPECT_EQ(ModelFolder(output()).config().head, HeadKind::mean);
  EXPECT_TRUE(has("modules.json"));
  EXPECT_TRUE(has("1_Pooling/config.json"));
  EXPECT_TRUE(has("2_Dense/model.safetensors"));
  EXPECT_FALSE(has("2_Normalize"));
}

TEST_F(FineTuning, TheHeadFollowsTheChosenPooling) {
  for (const std::string base : {"bert_base", "sentence_base"}) {
    train(base, tiny_texts(60), HeadPooling::pooler);
    EXPECT_EQ(ModelFolder(output()).config().head, HeadKind::pooler);
    EXPECT_FALSE(has("modules.json"));
    train(base, tiny_texts(60), HeadPooling::cls);
    EXPECT_EQ(ModelFolder(output()).config().head, HeadKind::cls);
    EXPECT_TRUE(has("modules.json"));
    train(base, tiny_texts(60), HeadPooling::mean);
    EXPECT_EQ(ModelFolder(output()).config().head, HeadKind::mean);
    EXPECT_TRUE(has("modules.json"));
    EXPECT_EQ(open(output()).intents(), Names({"card", "money", "settings"}));
  }
}

TEST_F(FineTuning, TheSameLabelsGoOnWithTheirHead) {
  for (const std::string& base : trained_models()) {
    SCOPED_TRACE(base);
    IntentClassifier before = open(GoldenCase(base).model());
    Names labels = before.intents();
    std::reverse(labels.begin(), labels.end());  // the order of the rows must not matter
    // A learning rate that changes next to nothing: the answers stay.
    EXPECT_TRUE(train(base, relabelled(labels), HeadPooling::automatic, 1e-12).empty());
    IntentClassifier after = open(output());
    EXPECT_EQ(after.intents(), before.intents());
    PredictOptions options;
    options.with_logits = true;
    EXPECT_LT(largest_difference(after.predict("my lost card", options).logits,
                                 before.predict("my lost card", options).logits),
              1e-5);
  }
}

TEST_F(FineTuning, OtherLabelsGetANewClassifierAndItIsSaid) {
  EXPECT_EQ(train("bert_pooler", tiny_texts(60)), Names({"classifier.weight", "classifier.bias"}));
  EXPECT_EQ(open(output()).intents(), Names({"card", "money", "settings"}));
  EXPECT_EQ(train("bert_mean", tiny_texts(60)), Names({"linear.weight", "linear.bias"}));
  // As many labels, one of them another.
  Names labels = open(GoldenCase("bert_mean").model()).intents();
  labels[2] = "weather";
  EXPECT_EQ(train("bert_mean", relabelled(labels)), Names({"linear.weight", "linear.bias"}));
  std::sort(labels.begin(), labels.end());
  EXPECT_EQ(open(output()).intents(), labels);
}

TEST_F(FineTuning, AnotherPoolingGetsANewHeadAndItIsSaid) {
  const Names labels = open(GoldenCase("bert_mean").model()).intents();
  EXPECT_EQ(train("bert_mean", relabelled(labels), HeadPooling::cls),
            Names({"linear.weight", "linear.bias"}));
  EXPECT_EQ(train("bert_mean", relabelled(labels), HeadPooling::pooler),
            Names({"classifier.weight", "classifier.bias"}));
}

TEST_F(FineTuning, TheMaximumLengthOfTrainingIsThatOfPrediction) {
  TrainingOptions options = tiny_options(output());
  options.epochs = 1;
  options.max_length = 5;
  std::string said;
  TrainingCallbacks callbacks;
  callbacks.on_message = [&](const std::string& message) { said += message + "\n"; };
  Trainer(options, callbacks).train(tiny_texts(60));
  EXPECT_EQ(open(output()).max_length(), 5);
  EXPECT_NE(said.find("are truncated"), std::string::npos) << said;
}

}  // namespace
}  // namespace fastintent
