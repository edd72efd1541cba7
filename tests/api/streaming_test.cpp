#include <gtest/gtest.h>

#include <stdexcept>

#include "fastintent/dataset.h"
#include "fastintent/intent_classifier.h"
#include "predict/golden_texts.h"

namespace fastintent {
namespace {

class Streaming : public testing::Test {
 protected:
  IntentClassifier classifier(int batch_size = 3) const {
    ClassifierOptions options;
    options.model_path = golden_.model();
    options.batch_size = batch_size;
    options.device = Device::cpu;
    options.threads = 2;
    return IntentClassifier(options);
  }
  // Gives `texts` one by one.
  static std::function<bool(std::string&)> source(const std::vector<std::string>& texts) {
    return [texts, at = size_t{0}](std::string& text) mutable {
      if (at == texts.size()) return false;
      text = texts[at++];
      return true;
    };
  }
  // Keeps what it is given.
  auto sink() {
    return [this](std::span<const std::string> texts, std::span<const IntentPrediction> answers) {
      EXPECT_EQ(texts.size(), answers.size());
      sizes_.push_back(texts.size());
      texts_.insert(texts_.end(), texts.begin(), texts.end());
      answers_.insert(answers_.end(), answers.begin(), answers.end());
      return true;
    };
  }

  const GoldenCase golden_{"bert_cls"};
  const std::vector<std::string> golden_texts_ = golden_texts(golden_);
  std::vector<size_t> sizes_;
  std::vector<std::string> texts_;
  std::vector<IntentPrediction> answers_;
};

TEST_F(Streaming, GivesWhatPredictBatchGivesInOrder) {
  PredictOptions options;
  options.with_logits = true;
  options.top_k = 2;
  const auto expected = classifier().predict_batch(golden_texts_, options);
  classifier().predict_batch_streaming(source(golden_texts_), sink(), options);
  EXPECT_EQ(texts_, golden_texts_);
  EXPECT_EQ(sizes_, std::vector<size_t>({3, 3, 1}));  // seven texts
  ASSERT_EQ(answers_.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(answers_[i].intent, expected[i].intent);
    EXPECT_EQ(answers_[i].confidence, expected[i].confidence);
    EXPECT_EQ(answers_[i].logits, expected[i].logits);
    EXPECT_EQ(answers_[i].alternatives.size(), 2U);
  }
}

TEST_F(Streaming, TakesBatchSizeTextsTogether) {
  classifier(7).predict_batch_streaming(source(golden_texts_), sink());
  EXPECT_EQ(sizes_, std::vector<size_t>({7}));
  sizes_.clear();
  classifier(1).predict_batch_streaming(source(golden_texts_), sink());
  EXPECT_EQ(sizes_, std::vector<size_t>(7, 1));
}

TEST_F(Streaming, CallsNoSinkWithoutTexts) {
  classifier().predict_batch_streaming(source({}), sink());
  EXPECT_TRUE(sizes_.empty());
}

TEST_F(Streaming, AnswersBlankTextsWithAnErrorInTheirPlace) {
  const std::vector<std::string> texts = {"my card", "", "fee", "\t ", " ", "\n", "new pin"};
  classifier().predict_batch_streaming(source(texts), sink());
  EXPECT_EQ(texts_, texts);
  ASSERT_EQ(answers_.size(), texts.size());
  IntentClassifier alone = classifier();
  for (size_t i = 0; i < texts.size(); ++i) {
    if (is_blank(texts[i])) {
      EXPECT_NE(answers_[i].error.find("blank"), std::string::npos);
      EXPECT_EQ(answers_[i].intent, "");
      EXPECT_TRUE(answers_[i].alternatives.empty());
    } else {
      EXPECT_EQ(answers_[i].error, "");
      EXPECT_EQ(answers_[i].confidence, alone.predict(texts[i]).confidence);
    }
  }
}

TEST_F(Streaming, StopsWhenTheSinkSaysSo) {
  int taken = 0;
  int calls = 0;
  classifier().predict_batch_streaming(
      [&](std::string& text) {
        text = "my card";
        return ++taken <= 100;
      },
      [&](auto, auto) { return ++calls < 2; });
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(taken, 6);  // not a text more than the two batches
}

TEST_F(Streaming, PassesTheSourcesExceptionOnAfterTheTextsBeforeIt) {
  auto texts = source(golden_texts_);
  int taken = 0;
  const auto failing = [&](std::string& text) {
    if (++taken == 6) throw std::runtime_error("line 6");
    return texts(text);
  };
  IntentClassifier streaming = classifier();
  try {
    streaming.predict_batch_streaming(failing, sink());
    ADD_FAILURE() << "expected an exception";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "line 6");
  }
  EXPECT_EQ(sizes_, std::vector<size_t>({3, 2}));
  EXPECT_EQ(texts_.back(), golden_texts_[4]);
  EXPECT_EQ(answers_.back().confidence, streaming.predict(golden_texts_[4]).confidence);
}

TEST_F(Streaming, PassesTheSinksExceptionOnAndWorksAfterwards) {
  IntentClassifier streaming = classifier();
  EXPECT_THROW(
      streaming.predict_batch_streaming(source(golden_texts_),
                                        [](auto, auto) -> bool { throw std::logic_error("full"); }),
      std::logic_error);
  streaming.predict_batch_streaming(source(golden_texts_), sink());
  EXPECT_EQ(texts_, golden_texts_);
}

TEST_F(Streaming, LetsTheSinkAskTheClassifier) {
  IntentClassifier streaming = classifier();
  streaming.predict_batch_streaming(source(golden_texts_), [&](auto texts, auto answers) {
    EXPECT_EQ(streaming.predict(texts[0]).confidence, answers[0].confidence);
    return true;
  });
}

}  // namespace
}  // namespace fastintent
