#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <thread>

#include "base/expect_error.h"
#include "fastintent/intent_classifier.h"
#include "tiny_training.h"

namespace fastintent {
namespace {

ClassifierOptions untrained() {
  ClassifierOptions options;
  options.model_name = GoldenCase("sentence_base").model().string();
  options.device = Device::cpu;
  options.threads = 1;
  return options;
}

TrainingOptions quick() {
  TrainingOptions options = tiny_options({});
  options.base_model.clear();  // the classifier's
  return options;
}

TEST(TrainClassifier, AnswersAsSoonAsItIsTrained) {
  IntentClassifier classifier(untrained());
  const LabelledTexts data = tiny_texts(120);
  const TrainingReport report = classifier.train(data, nullptr, quick());
  EXPECT_GT(report.steps, 0);
  EXPECT_TRUE(classifier.is_loaded());
  EXPECT_EQ(classifier.intents().size(), 3U);
  EXPECT_GT(classifier.evaluate(data).accuracy, 0.5);  // three labels
  EXPECT_FALSE(classifier.predict(data.texts[0]).intent.empty());
}

TEST(TrainClassifier, SavesWhatItTrained) {
  const TemporaryFolder folder;
  IntentClassifier classifier(untrained());
  const LabelledTexts data = tiny_texts(120);
  const TrainingReport report = classifier.train(data, nullptr, quick());
  EXPECT_GE(report.best_epoch, 1);
  classifier.save(folder / "model/");

  // The same bytes as the Trainer writes.
  TrainingOptions options = tiny_options(folder / "trainer");
  Trainer(options).train(data);
  EXPECT_EQ(folder_bytes(folder / "model"), folder_bytes(folder / "trainer"));

  ClassifierOptions saved = untrained();
  saved.model_path = folder / "model";
  EXPECT_EQ(IntentClassifier(saved).predict("my card").confidence,
            classifier.predict("my card").confidence);
  expect_error(ErrorCode::cannot_create, "model", [&] { classifier.save(folder / "model"); });
  classifier.save(folder / "model", true);
  EXPECT_EQ(folder_bytes(folder / "model"), folder_bytes(folder / "trainer"));
}

TEST(TrainClassifier, SavesInThirtyTwoBitsWhateverItRunsIn) {
  const TemporaryFolder folder;
  ClassifierOptions options = untrained();
  options.model_path = GoldenCase("bert_mean").model();
  IntentClassifier classifier(options);
  classifier.save(folder / "fp32");
  classifier.optimize_for_inference(Precision::bf16);
  classifier.save(folder / "bf16");
  EXPECT_EQ(folder_bytes(folder / "fp32"), folder_bytes(folder / "bf16"));
}

TEST(TrainClassifier, EmptiesTheCacheAndTakesTheNewModel) {
  const TemporaryFolder folder;
  IntentClassifier classifier(untrained());
  const LabelledTexts data = tiny_texts(120);
  TrainingOptions options = quick();
  options.output = folder / "first";
  classifier.train(data, nullptr, options);
  const float first = classifier.predict(data.texts[0]).confidence;
  options.output = folder / "second";
  classifier.train(data, nullptr, options);  // continues from the first
  EXPECT_EQ(classifier.get_cache_stats().cache_size, 0);
  EXPECT_NE(classifier.predict(data.texts[0]).confidence, first);
  ClassifierOptions second = untrained();
  second.model_path = folder / "second";
  EXPECT_EQ(IntentClassifier(second).predict(data.texts[0]).confidence,
            classifier.predict(data.texts[0]).confidence);
}

TEST(TrainClassifier, CallsBackAndStopsWhenTold) {
  IntentClassifier classifier(untrained());
  TrainingCallbacks callbacks;
  int steps = 0;
  callbacks.on_step = [&](const StepReport&) { ++steps; };
  callbacks.should_stop = [&] { return steps == 3; };
  expect_error(ErrorCode::interrupted, "", [&] {
    classifier.train(tiny_texts(120), nullptr, quick(), callbacks);
  });
  EXPECT_EQ(steps, 3);
  EXPECT_FALSE(classifier.is_loaded());
}

TEST(TrainClassifier, AnswersFromTheOldModelMeanwhile) {
  ClassifierOptions options = untrained();
  options.model_path = GoldenCase("bert_mean").model();
  IntentClassifier classifier(options);
  const IntentPrediction before = classifier.predict("my card");
  TrainingCallbacks callbacks;
  int asked = 0;
  callbacks.on_step = [&](const StepReport&) {
    PredictOptions uncached;
    uncached.use_cache = false;
    EXPECT_EQ(classifier.predict("my card", uncached).confidence, before.confidence);
    ++asked;
  };
  std::thread training([&] { classifier.train(tiny_texts(120), nullptr, quick(), callbacks); });
  training.join();
  EXPECT_GT(asked, 0);
  EXPECT_EQ(classifier.intents().size(), 3U);
}

TEST(TrainClassifier, RefusesToWaitForItself) {
  IntentClassifier classifier(untrained());
  TrainingCallbacks callbacks;
  callbacks.on_step = [&](const StepReport&) { classifier.optimize_for_inference(); };
  expect_error(ErrorCode::invalid_argument, "callbacks", [&] {
    classifier.train(tiny_texts(60), nullptr, quick(), callbacks);
  });
  classifier.train(tiny_texts(60), nullptr, quick());  // and works afterwards
  EXPECT_TRUE(classifier.is_loaded());
}

// Calls in progress when the model is replaced end with the model they began with.
TEST(TrainClassifier, ReplacesTheModelUnderLoad) {
  const TemporaryFolder folder;
  ClassifierOptions options = untrained();
  options.model_path = GoldenCase("bert_mean").model();
  options.threads = 2;
  IntentClassifier classifier(options);
  const LabelledTexts data = tiny_texts(60);
  const std::vector<IntentPrediction> old_answers = classifier.predict_batch(data.texts);

  TrainingOptions training = quick();
  training.epochs = 1;
  training.output = folder / "model";
  std::vector<std::vector<IntentPrediction>> found;
  PredictionStream stream = classifier.predict_batch_streaming(data.texts);
  PredictionBatch batch;
  ASSERT_TRUE(stream.next(batch));
  {
    std::latch answered(1);  // by the first model, which nothing replaces before
    std::jthread caller([&](const std::stop_token& stop) {
      found.push_back(classifier.predict_batch(data.texts));
      answered.count_down();
      while (!stop.stop_requested()) {
        found.push_back(classifier.predict_batch(data.texts));
      }
    });
    std::jthread measurer([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        EXPECT_EQ(classifier.evaluate(data).examples, 60);
      }
    });
    answered.wait();
    classifier.optimize_for_inference(Precision::bf16);
    classifier.optimize_for_inference(Precision::fp32);
    classifier.train(data, nullptr, training);
  }
  const std::vector<IntentPrediction> new_answers = classifier.predict_batch(data.texts);
  EXPECT_NE(new_answers, old_answers);
  int64_t of_old = 0;
  for (const auto& answers : found) {
    // One model in each: of the intents that both have, none.
    const bool old = std::all_of(answers.begin(), answers.end(), [&](const auto& answer) {
      return answer.alternatives.size() == old_answers[0].alternatives.size();
    });
    const bool fresh = answers == new_answers;
    EXPECT_NE(old, fresh);
    of_old += old ? 1 : 0;
  }
  EXPECT_GT(of_old, 0);
  // The stream began with the first model and gets nothing from the cache of the last one.
  std::vector<IntentPrediction> streamed = batch.predictions;
  while (stream.next(batch)) {
    streamed.insert(streamed.end(), batch.predictions.begin(), batch.predictions.end());
  }
  EXPECT_EQ(streamed, old_answers);
}

// The temporary folder of a training without an output lives as long as its model is in use.
TEST(TrainClassifier, SavesWhileTheModelIsReplaced) {
  const TemporaryFolder folder;
  IntentClassifier classifier(untrained());
  TrainingOptions training = quick();
  training.epochs = 1;
  classifier.train(tiny_texts(60), nullptr, training);
  {
    std::jthread saver([&](const std::stop_token& stop) {
      do {
        classifier.save(folder / "model", true);
      } while (!stop.stop_requested());
    });
    classifier.train(tiny_texts(60), nullptr, training);
  }
  ClassifierOptions saved = untrained();
  saved.model_path = folder / "model";
  EXPECT_TRUE(IntentClassifier(saved).is_loaded());
}

TEST(TrainClassifier, NamesABaseThatIsNotThere) {
  ClassifierOptions options = untrained();
  options.model_name = "./no/such/folder";
  IntentClassifier classifier(options);
  expect_error(ErrorCode::missing_input, "no/such/folder", [&] {
    classifier.train(tiny_texts(120), nullptr, quick());
  });
}

}  // namespace
}  // namespace fastintent
