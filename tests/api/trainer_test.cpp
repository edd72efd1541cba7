#include "fastintent/trainer.h"

#include <gtest/gtest.h>

#include "fastintent/intent_classifier.h"
#include "tiny_training.h"

namespace fastintent {
namespace {

class TinyTraining : public testing::Test {
 protected:
  // Everything a run reported, and the folder it wrote.
  struct Told {
    TrainingReport report;
    std::vector<StepReport> steps;
    std::vector<EpochReport> epochs;
    std::map<std::string, std::string> files;
  };

  std::filesystem::path output() const { return folder_ / "model"; }
  TrainingOptions options(int threads = 1) const {
    TrainingOptions tiny = tiny_options(output());
    tiny.overwrite = true;
    tiny.threads = threads;
    return tiny;
  }
  // Enough for the tiny model to know its texts.
  TrainingOptions long_enough() const {
    TrainingOptions longer = options(2);
    longer.epochs = 12;
    longer.patience = 12;
    longer.learning_rate = 1e-2;
    longer.head_learning_rate = 3e-2;
    longer.dropout = 0;
    longer.label_smoothing = 0;
    return longer;
  }
  Told train(const TrainingOptions& options,
             const LabelledTexts& training,
             const LabelledTexts* validation = nullptr) const {
    Told told;
    TrainingCallbacks callbacks;
    callbacks.on_step = [&](const StepReport& step) { told.steps.push_back(step); };
    callbacks.on_epoch = [&](const EpochReport& epoch) { told.epochs.push_back(epoch); };
    told.report = Trainer(options, callbacks).train(training, validation);
    told.files = folder_bytes(options.output);
    return told;
  }
  IntentClassifier saved() const {
    ClassifierOptions from_output;
    from_output.model_path = output();
    from_output.device = Device::cpu;
    from_output.threads = 1;
    return IntentClassifier(from_output);
  }

  const TemporaryFolder folder_;
};

TEST_F(TinyTraining, Learns) {
  const Told told = train(long_enough(), tiny_texts());
  EXPECT_LT(told.epochs.back().training_loss, 0.3 * told.epochs.front().training_loss);
  ASSERT_TRUE(told.report.validation.has_value());
  EXPECT_GT(told.report.validation->accuracy, 0.8);
  EXPECT_EQ(told.report.validation->examples, 12);  // a tenth of 40 rows, three times
}

TEST_F(TinyTraining, TellsEveryStepAndEpoch) {
  const Told told = train(options(), tiny_texts());
  ASSERT_EQ(told.steps.size(), 21U);
  for (size_t i = 0; i < 21; ++i) {
    const StepReport& step = told.steps[i];
    EXPECT_EQ(step.step, static_cast<int64_t>(i) + 1);
    EXPECT_EQ(step.total_steps, 21);
    EXPECT_DOUBLE_EQ(step.epoch, static_cast<double>(i + 1) / 7);
    EXPECT_GT(step.loss, 0);
    EXPECT_GT(step.gradient_norm, 0);
    EXPECT_GT(step.examples_per_second, 0);
  }
  EXPECT_EQ(told.steps[0].learning_rate, 0);  // ceil(2.1) = 3 steps of warm-up
  EXPECT_DOUBLE_EQ(told.steps[3].learning_rate, 2e-3);
  EXPECT_DOUBLE_EQ(told.steps[20].learning_rate, 2e-3 / 18);

  ASSERT_EQ(told.epochs.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(told.epochs[i].epoch, static_cast<int>(i) + 1);
    EXPECT_EQ(told.epochs[i].step, static_cast<int64_t>(7 * (i + 1)));
    EXPECT_TRUE(told.epochs[i].validation.has_value());
  }
  double sum = 0;  // over 108 examples: six steps of 16, one of 12
  for (size_t i = 0; i < 7; ++i) {
    sum += told.steps[i].loss * (i < 6 ? 16 : 12);
  }
  EXPECT_NEAR(told.epochs[0].training_loss, sum / 108, 1e-12);
  EXPECT_EQ(told.report.epochs, 3);
  EXPECT_EQ(told.report.steps, 21);
  EXPECT_EQ(told.report.examples, 3 * 108);
  EXPECT_GT(told.report.seconds, 0);
}

// The saved model is the measured one, in each precision and with a best epoch before the last.
TEST_F(TinyTraining, SavesTheModelThatTheReportMeasures) {
  const LabelledTexts training = tiny_texts();
  const LabelledTexts validation = tiny_texts(33);
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    TrainingOptions chosen = options();
    chosen.precision = precision;
    const Told told = train(chosen, training, &validation);
    IntentClassifier classifier = saved();
    const Evaluation again = classifier.evaluate(validation);
    EXPECT_EQ(again.accuracy, told.report.validation->accuracy);
    EXPECT_NEAR(again.loss, told.report.validation->loss, 1e-6);
    EXPECT_EQ(classifier.intents(), std::vector<std::string>({"card", "money", "settings"}));
  }
}

TEST_F(TinyTraining, ReportsTheSettingsItUsed) {
  TrainingOptions open = options(2);
  open.epochs = 1;
  open.learning_rate.reset();
  const LabelledTexts texts = tiny_texts();
  const TrainingReport report = train(open, texts, &texts).report;
  EXPECT_EQ(report.options.learning_rate, 2e-4);  // the default of narrow encoders
  EXPECT_EQ(report.options.head_learning_rate, 2e-3);
  EXPECT_FLOAT_EQ(static_cast<float>(report.options.label_smoothing.value()), 0.05F);
  EXPECT_EQ(report.options.epochs, 1);
  EXPECT_EQ(report.options.threads, 2);
  EXPECT_EQ(report.options.precision, Precision::fp32);
  EXPECT_EQ(report.options.pooling, HeadPooling::mean);  // the base's own
  EXPECT_EQ(report.options.max_length, saved().max_length());
  EXPECT_NE(report.device_name.find("cpu"), std::string::npos);
  EXPECT_TRUE(report.held_out_rows.empty());
}

TEST_F(TinyTraining, ReportsTheRowsItHeldOut) {
  TrainingOptions short_run = options();
  short_run.epochs = 1;  // leaves mistakes
  const LabelledTexts texts = tiny_texts();
  const TrainingReport report = train(short_run, texts).report;
  ASSERT_EQ(report.held_out_rows.size(), 12U);
  LabelledTexts held_out;
  for (const int64_t row : report.held_out_rows) {
    held_out.texts.push_back(texts.texts[static_cast<size_t>(row)]);
    held_out.labels.push_back(texts.labels[static_cast<size_t>(row)]);
  }
  IntentClassifier classifier = saved();
  const Evaluation again = classifier.evaluate(held_out);
  ASSERT_FALSE(again.mistakes.empty());
  ASSERT_EQ(again.mistakes.size(), report.validation->mistakes.size());
  for (size_t i = 0; i < again.mistakes.size(); ++i) {
    EXPECT_EQ(again.mistakes[i].example, report.validation->mistakes[i].example);
    EXPECT_EQ(again.mistakes[i].label, report.validation->mistakes[i].label);
    EXPECT_EQ(again.mistakes[i].predicted, report.validation->mistakes[i].predicted);
  }
}

TEST_F(TinyTraining, KeepsTheBestEpochAndStopsWhenPatienceEnds) {
  const LabelledTexts training = tiny_texts();
  LabelledTexts wrong = tiny_texts(60);  // the better the model learns, the worse it does here
  for (std::string& label : wrong.labels) {
    label = label == "card" ? "money" : label == "money" ? "settings" : "card";
  }
  TrainingOptions patient = options();
  patient.epochs = 20;
  patient.patience = 2;
  const Told told = train(patient, training, &wrong);
  EXPECT_LT(told.report.epochs, 20);
  EXPECT_EQ(told.report.epochs, told.report.best_epoch + 2);
  ASSERT_EQ(told.epochs.size(), static_cast<size_t>(told.report.epochs));
  const EpochReport& best = told.epochs[static_cast<size_t>(told.report.best_epoch) - 1];
  EXPECT_TRUE(best.best);
  EXPECT_EQ(best.validation->accuracy, told.report.validation->accuracy);
  EXPECT_EQ(best.validation->loss, told.report.validation->loss);
  IntentClassifier classifier = saved();
  EXPECT_NEAR(classifier.evaluate(wrong).loss, best.validation->loss, 1e-6);
  for (const EpochReport& epoch : told.epochs) {
    EXPECT_LE(epoch.validation->accuracy, best.validation->accuracy);
    EXPECT_FALSE(epoch.best && epoch.epoch > best.epoch) << epoch.epoch;
  }
}

TEST_F(TinyTraining, RefitsOnAllRowsForTheBestNumberOfEpochs) {
  TrainingOptions twice = options();
  twice.refit = true;
  const Told told = train(twice, tiny_texts());
  const auto best = static_cast<size_t>(told.report.best_epoch);
  EXPECT_EQ(told.steps.size(), 21 + 8 * best);  // 120 rows are 8 steps
  EXPECT_EQ(told.report.epochs, 3 + told.report.best_epoch);
  EXPECT_EQ(told.report.examples, 3 * 108 + 120 * told.report.best_epoch);
  ASSERT_EQ(told.epochs.size(), 3 + best);
  EXPECT_FALSE(told.epochs.back().validation.has_value());
  for (const StepReport& step : told.steps) {
    const bool second = &step - told.steps.data() >= 21;
    EXPECT_EQ(step.refitting, second);
    EXPECT_EQ(step.total_steps, second ? 8 * told.report.best_epoch : 21);
  }
  for (size_t i = 0; i < told.epochs.size(); ++i) {
    EXPECT_EQ(told.epochs[i].refitting, i >= 3);
  }
  EXPECT_TRUE(told.report.validation.has_value());

  TrainingOptions once = options();
  EXPECT_NE(train(once, tiny_texts()).files.at("2_Dense/model.safetensors"),
            told.files.at("2_Dense/model.safetensors"));
}

TEST_F(TinyTraining, GivesTheSameBitsForTheSameSeed) {
  const LabelledTexts data = tiny_texts();
  for (const int threads : {1, 2}) {
    const auto first = train(options(threads), data).files;
    EXPECT_EQ(train(options(threads), data).files, first) << threads << " threads";
    TrainingOptions other = options(threads);
    other.seed = 43;
    EXPECT_NE(train(other, data).files.at("model.safetensors"), first.at("model.safetensors"));
  }
}

TEST_F(TinyTraining, TrainsInBf16) {
  TrainingOptions bf16 = long_enough();
  bf16.precision = Precision::bf16;
  const Told told = train(bf16, tiny_texts());
  EXPECT_LT(told.epochs.back().training_loss, 0.4 * told.epochs.front().training_loss);
  TrainingOptions fp32 = bf16;
  fp32.precision = Precision::fp32;
  EXPECT_NE(train(fp32, tiny_texts()).files.at("model.safetensors"),
            told.files.at("model.safetensors"))
      << "bf16 changed nothing";
}

// Each of these settings must reach the weights.
TEST_F(TinyTraining, FollowsItsSettings) {
  LabelledTexts uneven = tiny_texts(60);  // class weights need classes of unlike sizes
  uneven.texts.resize(50);
  uneven.labels.resize(50);
  const auto with = [&](auto change) {
    TrainingOptions changed = options();
    changed.epochs = 1;
    changed.gradient_clip = 0;
    change(changed);
    return train(changed, uneven).files.at("model.safetensors");
  };
  const std::string plain = with([](TrainingOptions&) {});
  EXPECT_NE(with([](auto& o) {
              o.learning_rate = 1e-3;
              o.head_learning_rate = 2e-2;
            }),
            plain);
  EXPECT_NE(with([](auto& o) { o.head_learning_rate = 1e-3; }), plain);
  EXPECT_NE(with([](auto& o) { o.weight_decay = 0.3; }), plain);
  EXPECT_NE(with([](auto& o) { o.warmup_share = 0.5; }), plain);
  EXPECT_NE(with([](auto& o) { o.gradient_clip = 1e-4; }), plain);
  EXPECT_NE(with([](auto& o) { o.label_smoothing = 0.3; }), plain);
  EXPECT_NE(with([](auto& o) { o.dropout = 0.3; }), plain);
  EXPECT_NE(with([](auto& o) { o.layer_decay = 0.5; }), plain);
  EXPECT_NE(with([](auto& o) { o.balance_classes = true; }), plain);
  EXPECT_NE(with([](auto& o) { o.batch_size = 8; }), plain);
  EXPECT_NE(with([](auto& o) { o.max_length = 4; }), plain);
}

}  // namespace
}  // namespace fastintent
