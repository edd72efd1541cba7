#include <gtest/gtest.h>

#include "base/expect_error.h"
#include "fastintent/intent_classifier.h"
#include "tiny_training.h"

namespace fastintent {
namespace {

// Training on a GPU, or on the emulated one: the same as on the processor, but for rounding.
class GpuTraining : public testing::Test {
 protected:
  TrainingOptions options(const std::string& name,
                          Device device,
                          Precision precision = Precision::fp32) const {
    TrainingOptions tiny = tiny_options(folder_ / name);
    tiny.device = device;
    tiny.precision = precision;
    return tiny;
  }
  TrainingReport train(const TrainingOptions& options) const {
    return Trainer(options).train(data_);
  }
  // One epoch is enough where only the device matters.
  TrainingOptions short_options(const std::string& name,
                                Precision precision = Precision::fp32) const {
    TrainingOptions tiny = options(name, Device::cuda, precision);
    tiny.epochs = 1;
    return tiny;
  }

  const TemporaryFolder folder_;
  const LabelledTexts data_ = tiny_texts();
};

TEST_F(GpuTraining, LearnsWhatTheProcessorLearns) {
  const TrainingReport on_cpu = train(options("cpu", Device::cpu));
  const TrainingReport on_gpu = train(options("gpu", Device::cuda));
  EXPECT_TRUE(on_gpu.device_name.starts_with("cuda")) << on_gpu.device_name;
  EXPECT_EQ(on_gpu.steps, on_cpu.steps);
  // 21 steps from the same start with the same dropout.
  EXPECT_NEAR(on_gpu.validation->loss, on_cpu.validation->loss, 1e-3);
  EXPECT_EQ(on_gpu.validation->accuracy, on_cpu.validation->accuracy);
}

TEST_F(GpuTraining, WhatItSavesRunsOnTheProcessor) {
  const TrainingOptions used = short_options("gpu");
  train(used);
  const auto answers = [&](Device device) {
    ClassifierOptions classifier;
    classifier.model_path = used.output;
    classifier.device = device;
    classifier.threads = 1;
    return IntentClassifier(classifier).predict_batch(data_.texts);
  };
  const auto on_gpu = answers(Device::cuda);
  const auto on_cpu = answers(Device::cpu);
  for (size_t i = 0; i < on_cpu.size(); ++i) {
    EXPECT_EQ(on_gpu[i].intent, on_cpu[i].intent);
    EXPECT_NEAR(on_gpu[i].confidence, on_cpu[i].confidence, 1e-4);
  }
}

TEST_F(GpuTraining, SixteenBitsLearnAsWell) {
  const double fp32 = train(options("fp32", Device::cuda)).validation->loss;
  for (const Precision precision : {Precision::bf16, Precision::fp16}) {
    const auto name = std::string(precision_name(precision));
    const TrainingReport report = train(options(name, Device::cuda, precision));
    EXPECT_EQ(report.options.precision, precision);
    // bf16 keeps 8 bits of each factor.
    EXPECT_NEAR(report.validation->loss, fp32, 0.05) << name;
  }
}

TEST_F(GpuTraining, TheSameSeedGivesTheSameBits) {
  for (const Precision precision : {Precision::fp32, Precision::fp16}) {
    const std::string name(precision_name(precision));
    train(short_options(name + "_one", precision));
    train(short_options(name + "_two", precision));
    EXPECT_EQ(folder_bytes(folder_ / (name + "_one")), folder_bytes(folder_ / (name + "_two")));
  }
}

TEST_F(GpuTraining, AResumedRunEqualsOneThatWasNeverInterrupted) {
  train(short_options("whole", Precision::fp16));
  TrainingOptions interrupted = short_options("stopped", Precision::fp16);
  int steps = 0;
  TrainingCallbacks callbacks;
  callbacks.should_stop = [&] { return ++steps == 3; };
  expect_error(ErrorCode::interrupted, "stopped after step 3", [&] {
    Trainer(interrupted, callbacks).train(data_);
  });
  interrupted.resume = true;
  train(interrupted);
  EXPECT_EQ(folder_bytes(folder_ / "whole"), folder_bytes(folder_ / "stopped"));
}

// A head that learns far too fast soon has weights that lead to gradients above 1, which do not fit
// into fp16 with the first loss scale of 2^16.
TEST_F(GpuTraining, OverflowsAreCountedAndDoneAgain) {
  TrainingOptions wild = short_options("wild", Precision::fp16);
  wild.batch_size = 1;
  wild.head_learning_rate = 1;
  const TrainingReport report = train(wild);
  EXPECT_GT(report.overflows, 0);
  EXPECT_EQ(report.steps, 108) << "none is left out";
}

TEST_F(GpuTraining, Int8IsForPrediction) {
  expect_error(
      ErrorCode::invalid_argument, "int8", [&] { train(short_options("int8", Precision::int8)); });
}

}  // namespace
}  // namespace fastintent
