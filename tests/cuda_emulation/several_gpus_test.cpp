#include <gtest/gtest.h>

#include "api/tiny_training.h"
#include "base/expect_error.h"
#include "emulated_device.h"
#include "fastintent/devices.h"
#include "fastintent/intent_classifier.h"
#include "golden_case.h"

// The effects of two GPUs that users can observe.
namespace fastintent {
namespace {

class SeveralGpus : public testing::Test {
 protected:
  SeveralGpus() { cuda::emulation::set_device_count(2); }
  ~SeveralGpus() override { cuda::emulation::set_device_count(1); }

  static ClassifierOptions options(std::optional<int> gpu = {}) {
    ClassifierOptions chosen;
    chosen.model_path = GoldenCase("bert_mean").model();
    chosen.device = Device::cuda;
    chosen.gpu = gpu;
    return chosen;
  }
};

TEST_F(SeveralGpus, ShareThePredictions) {
  EXPECT_EQ(gpu_count(), 2);
  EXPECT_EQ(device_names()[1], "cuda:1 (emulated)");
  IntentClassifier both(options());
  IntentClassifier first(options(0));
  EXPECT_EQ(both.device_name(), "cuda:0 (emulated) and 1 more");
  EXPECT_EQ(both.threads(), 2 * first.threads());
  std::vector<std::string> texts;
  for (int i = 0; i < 100; ++i) {
    texts.push_back("my card " + std::to_string(i));
  }
  const auto found = both.predict_batch(texts);
  const auto expected = first.predict_batch(texts);
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(found[i].confidence, expected[i].confidence) << texts[i];
  }
}

TEST_F(SeveralGpus, OneIsTakenByItsNumber) {
  IntentClassifier second(options(1));
  EXPECT_EQ(second.device_name(), "cuda:1 (emulated)");
  EXPECT_EQ(second.get_gpu_memory_stats().device_name, "emulated");
  expect_error(
      ErrorCode::device_missing, "from 0 to 1, found 2", [] { IntentClassifier{options(2)}; });
}

TEST_F(SeveralGpus, HaveTheMemoryOfAll) {
  const GpuMemoryStats both = IntentClassifier(options()).get_gpu_memory_stats();
  const GpuMemoryStats one = IntentClassifier(options(0)).get_gpu_memory_stats();
  EXPECT_EQ(both.device_name, "2 x emulated");
  EXPECT_EQ(both.total_memory_gb, 2 * one.total_memory_gb);
}

TEST_F(SeveralGpus, TrainingTakesOne) {
  const TemporaryFolder folder;
  const auto device_of = [&](std::optional<int> gpu) {
    TrainingOptions training = tiny_options(folder / "model");
    training.device = Device::cuda;
    training.gpu = gpu;
    training.epochs = 1;
    training.overwrite = true;
    return Trainer(training).train(tiny_texts(24)).device_name;
  };
  EXPECT_EQ(device_of({}), "cuda:0 (emulated)");
  EXPECT_EQ(device_of(1), "cuda:1 (emulated)");
}

}  // namespace
}  // namespace fastintent
