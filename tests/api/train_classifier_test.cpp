#include <gtest/gtest.h>

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
  classifier.train(data, nullptr, options);  // goes on from the first
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
