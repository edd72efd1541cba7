#include "train/gradient_workers.h"

#include <gtest/gtest.h>

#include <numeric>

#include "devices/create_backend.h"
#include "golden_case.h"
#include "model/load_weights.h"

namespace fastintent {
namespace {

// The golden texts repeated: 60 of each are more tokens than one pass accepts.
EncodedDataset repeated(const GoldenCase& golden, int times) {
  EncodedDataset data;
  const std::vector<int32_t> labels = golden.integers("labels");
  for (int time = 0; time < times; ++time) {
    for (const auto& sequence : golden.sequences()) {
      data.ids.insert(data.ids.end(), sequence.begin(), sequence.end());
      data.starts.push_back(static_cast<int64_t>(data.ids.size()));
    }
    data.classes.insert(data.classes.end(), labels.begin(), labels.end());
  }
  return data;
}

class Workers {
 public:
  explicit Workers(int count)
      : pool_(count),
        workers_(
            pool_, [] { return create_backend(Device::cpu); }, folder_.config()),
        weights_(load()) {
    model_ = prepare_model(workers_.backend(0),
                           folder_.config(),
                           weights_.weights,
                           Precision::fp32,
                           WeightUse::training);
  }

  StepGradient run(const EncodedDataset& data, const DropoutPlan& dropout = {}) {
    std::vector<int64_t> examples(static_cast<size_t>(data.examples()));
    std::iota(examples.begin(), examples.end(), 0);
    return workers_.run(model_, data, examples, {}, dropout);
  }
  std::vector<float> gradient() const { return {workers_.flat().begin(), workers_.flat().end()}; }

 private:
  OwnedWeights load() {
    const ModelConfig& config = folder_.config();
    OwnedWeights weights = allocate_weights(workers_.backend(0), config, config.encoder.vocabulary);
    load_trained_weights(folder_, config, weights.weights);
    return weights;
  }

  ModelFolder folder_{GoldenCase("bert_mean").model()};
  ThreadPool pool_;
  GradientWorkers workers_;
  OwnedWeights weights_;
  PreparedModel model_;
};

class Gradients : public testing::TestWithParam<int> {
 protected:
  const GoldenCase golden_{"bert_mean"};
};

// The mean over copies of a batch is the mean over the batch, in however many passes it is run.
TEST_P(Gradients, OfManyPassesAreThoseOfOne) {
  Workers workers(GetParam());
  const EncodedDataset many = repeated(golden_, 60);
  ASSERT_GT(many.ids.size() / static_cast<size_t>(GetParam()), 1024U);
  const StepGradient in_passes = workers.run(many);
  const std::vector<float> gradient = workers.gradient();
  const StepGradient at_once = workers.run(repeated(golden_, 1));
  EXPECT_NEAR(in_passes.loss, at_once.loss, 1e-5);
  EXPECT_NEAR(in_passes.norm / at_once.norm, 1, 1e-5);
  // Sums of f32 in another order.
  EXPECT_LT(relative_distance(gradient, workers.gradient(), 0), 1e-5);
}

TEST_P(Gradients, AreTheSameBitsAgain) {
  Workers workers(GetParam());
  Workers others(GetParam());
  const DropoutPlan dropout{0.1F, 0.1F, 0.1F, 77};
  workers.run(repeated(golden_, 9), dropout);
  others.run(repeated(golden_, 2));  // earlier runs must not matter
  others.run(repeated(golden_, 9), dropout);
  EXPECT_EQ(workers.gradient(), others.gradient());
}

TEST_P(Gradients, FollowTheDropoutSeed) {
  Workers workers(GetParam());
  workers.run(repeated(golden_, 2), {0.1F, 0.1F, 0.1F, 77});
  const std::vector<float> gradient = workers.gradient();
  workers.run(repeated(golden_, 2), {0.1F, 0.1F, 0.1F, 78});
  EXPECT_NE(workers.gradient(), gradient);
}

INSTANTIATE_TEST_SUITE_P(OnWorkers, Gradients, testing::Values(1, 3));

TEST(GradientWorkers, LeavesWorkersWithoutTextsOut) {
  EncodedDataset two = repeated(GoldenCase("bert_mean"), 1);
  two.classes.resize(2);
  Workers many(5);
  Workers single(1);
  many.run(repeated(GoldenCase("bert_mean"), 2));  // leaves gradients with every worker
  const StepGradient by_many = many.run(two);
  const StepGradient by_one = single.run(two);
  EXPECT_NEAR(by_many.loss, by_one.loss, 1e-6);
  EXPECT_LT(relative_distance(many.gradient(), single.gradient(), 0), 1e-5);
}

}  // namespace
}  // namespace fastintent
