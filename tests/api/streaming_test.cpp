#include <gtest/gtest.h>

#include <optional>
#include <ranges>
#include <sstream>
#include <stdexcept>

#include "base/expect_error.h"
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
  // Returns `texts` one by one.
  static std::function<bool(std::string&)> source(const std::vector<std::string>& texts) {
    return [texts, at = size_t{0}](std::string& text) mutable {
      if (at == texts.size()) {
        return false;
      }
      text = texts[at++];
      return true;
    };
  }
  // Reads all batches of a stream.
  void take(PredictionStream stream) {
    PredictionBatch batch;
    for (int64_t index = 0; stream.next(batch); ++index) {
      EXPECT_EQ(batch.batch_idx, index);
      EXPECT_EQ(batch.texts.size(), batch.predictions.size());
      sizes_.push_back(batch.texts.size());
      texts_.insert(texts_.end(), batch.texts.begin(), batch.texts.end());
      answers_.insert(answers_.end(), batch.predictions.begin(), batch.predictions.end());
    }
    EXPECT_FALSE(stream.next(batch));
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
  take(classifier().predict_batch_streaming(source(golden_texts_), options));
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
  take(classifier(7).predict_batch_streaming(source(golden_texts_)));
  EXPECT_EQ(sizes_, std::vector<size_t>({7}));
  sizes_.clear();
  take(classifier(1).predict_batch_streaming(source(golden_texts_)));
  EXPECT_EQ(sizes_, std::vector<size_t>(7, 1));
  sizes_.clear();
  PredictOptions four;
  four.batch_size = 4;
  take(classifier(1).predict_batch_streaming(source(golden_texts_), four));
  EXPECT_EQ(sizes_, std::vector<size_t>({4, 3}));
}

TEST_F(Streaming, GivesNoBatchWithoutTexts) {
  take(classifier().predict_batch_streaming(source({})));
  EXPECT_TRUE(sizes_.empty());
}

TEST_F(Streaming, TakesAnyRangeOfTexts) {
  IntentClassifier streaming = classifier();
  for (const auto& [batch_idx, predictions, texts] :
       streaming.predict_batch_streaming(golden_texts_)) {  // a container
    EXPECT_EQ(batch_idx, static_cast<int64_t>(sizes_.size()));
    sizes_.push_back(predictions.size());
    texts_.insert(texts_.end(), texts.begin(), texts.end());
  }
  EXPECT_EQ(sizes_, std::vector<size_t>({3, 3, 1}));
  EXPECT_EQ(texts_, golden_texts_);

  texts_.clear();
  const auto shout = [](const std::string& text) { return text + "!"; };
  take(streaming.predict_batch_streaming(golden_texts_ | std::views::transform(shout)));
  EXPECT_EQ(texts_.front(), golden_texts_.front() + "!");
  EXPECT_EQ(texts_.size(), golden_texts_.size());

  texts_.clear();
  std::istringstream words("card pin fee");  // can be read once only
  take(streaming.predict_batch_streaming(std::views::istream<std::string>(words)));
  EXPECT_EQ(texts_, std::vector<std::string>({"card", "pin", "fee"}));

  texts_.clear();
  take(streaming.predict_batch_streaming(std::vector<std::string>{"a", "b"}));  // moved in
  EXPECT_EQ(texts_, std::vector<std::string>({"a", "b"}));
}

TEST_F(Streaming, AnswersBlankTextsWithAnErrorInTheirPlace) {
  const std::vector<std::string> texts = {"my card", "", "fee", "\t ", " ", "\n", "new pin"};
  take(classifier().predict_batch_streaming(source(texts)));
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

TEST_F(Streaming, ReadsAheadButNotWithoutEnd) {
  int taken = 0;
  const auto endless = [&](std::string& text) {
    text = "text " + std::to_string(++taken);
    return true;
  };
  {
    IntentClassifier streaming = classifier();
    PredictionStream stream = streaming.predict_batch_streaming(endless);
    EXPECT_EQ(taken, 0);
    PredictionBatch batch;
    ASSERT_TRUE(stream.next(batch));
    EXPECT_GE(taken, 6);  // the next batch is in progress
    // Texts have four tokens or more; a worker gets two rounds of 256 tokens.
    EXPECT_LE(taken, 2 * 2 * 256 / 4 + 3);
  }
}

// Cached answers give the workers nothing to do, so the work of the workers does not bound them.
TEST_F(Streaming, ReadsAheadOfCachedTextsNotWithoutEndEither) {
  IntentClassifier streaming = classifier();
  streaming.predict("my card");
  int taken = 0;
  const auto endless = [&](std::string& text) {
    text = ++taken <= 3 ? "text " + std::to_string(taken) : "my card";
    return true;
  };
  PredictionStream stream = streaming.predict_batch_streaming(endless);
  PredictionBatch batch;
  ASSERT_TRUE(stream.next(batch));
  EXPECT_LE(taken, 3 + 64 * 3);  // one batch with work, and 64 without
}

TEST_F(Streaming, ReadsNotAheadInBatchesOfOne) {
  int taken = 0;
  IntentClassifier streaming = classifier(1);
  PredictionStream stream = streaming.predict_batch_streaming([&](std::string& text) {
    text = "my card";
    return ++taken <= 3;
  });
  PredictionBatch batch;
  for (int answered = 1; answered <= 3; ++answered) {
    ASSERT_TRUE(stream.next(batch));
    EXPECT_EQ(taken, answered);
  }
  EXPECT_FALSE(stream.next(batch));
}

TEST_F(Streaming, PassesTheSourcesExceptionOnAfterTheTextsBeforeIt) {
  auto texts = source(golden_texts_);
  int taken = 0;
  const auto failing = [&](std::string& text) {
    if (++taken == 6) {
      throw std::runtime_error("line 6");
    }
    return texts(text);
  };
  IntentClassifier streaming = classifier();
  PredictionStream stream = streaming.predict_batch_streaming(failing);
  PredictionBatch batch;
  ASSERT_TRUE(stream.next(batch));
  EXPECT_EQ(batch.texts.size(), 3U);
  ASSERT_TRUE(stream.next(batch));
  ASSERT_EQ(batch.texts.size(), 2U);
  EXPECT_EQ(batch.texts.back(), golden_texts_[4]);
  EXPECT_EQ(batch.predictions.back().confidence, streaming.predict(golden_texts_[4]).confidence);
  EXPECT_THROW(stream.next(batch), std::runtime_error);
  EXPECT_FALSE(stream.next(batch));
}

TEST_F(Streaming, StopsWhenTheCallerWantsTo) {
  PredictOptions impatient;
  impatient.on_progress = [](int64_t, int64_t total) {
    EXPECT_EQ(total, 0);
    return false;
  };
  IntentClassifier streaming = classifier();
  PredictionStream stream = streaming.predict_batch_streaming(TextSource([](std::string& text) {
                                                                text = "my card";
                                                                return true;
                                                              }),
                                                              impatient);
  const auto run_on = [&] {
    PredictionBatch batch;
    while (stream.next(batch)) {
    }
  };
  expect_error(ErrorCode::interrupted, "stopped", run_on);
}

TEST_F(Streaming, ComputesATextThatStandsTwiceOnce) {
  const std::vector<std::string> texts = {"a", "b", "a", "a", "c", "b"};
  IntentClassifier streaming = classifier(6);
  take(streaming.predict_batch_streaming(source(texts)));
  EXPECT_EQ(streaming.get_cache_stats().misses, 3);
  ASSERT_EQ(answers_.size(), 6U);
  EXPECT_EQ(answers_[2].confidence, answers_[0].confidence);
  EXPECT_EQ(answers_[5].confidence, answers_[1].confidence);
  EXPECT_NE(answers_[4].confidence, answers_[0].confidence);
}

TEST_F(Streaming, GoesOnBesideOtherCallsAndOutlivesTheClassifier) {
  std::optional<IntentClassifier> first(classifier());
  PredictionStream stream = first->predict_batch_streaming(source(golden_texts_));
  PredictionBatch batch;
  ASSERT_TRUE(stream.next(batch));
  EXPECT_EQ(first->predict(batch.texts[0]).confidence, batch.predictions[0].confidence);
  first.reset();
  ASSERT_TRUE(stream.next(batch));
  EXPECT_EQ(batch.texts[0], golden_texts_[3]);
}

}  // namespace
}  // namespace fastintent
