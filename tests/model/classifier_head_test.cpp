#include "model/classifier_head.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "compute/devices_under_test.h"
#include "compute/on_device.h"
#include "random_encoder.h"

// The head alone, with its dropout, on rows that stand for the encoder's.
namespace fastintent {
namespace {

constexpr int64_t kTexts = 5;
constexpr int64_t kHidden = 16;

struct HeadResult {
  Matrix logits;
  Matrix d_hidden;
  Matrix d_dense;
};

ModelConfig config_with(bool dropout_before_dense) {
  ModelConfig config = config_of({kHidden, 2, 24, 1}, Pooling::first_token);
  config.head = HeadKind::pooler;
  config.encoder.own_head.dropout_before_dense = dropout_before_dense;
  return config;
}

PackedBatch one_token_each() {
  return pack(Sequences(kTexts, {3}));
}

Matrix random_rows() {
  return Random(5).matrix(kTexts, kHidden, 1);
}

Matrix d_logits_of(const ModelConfig& config) {
  return Random(7).matrix(kTexts, static_cast<int64_t>(config.intents.size()), 1);
}

// The head's result on `hidden`, and the gradients of the sum of logits * d_logits.
HeadResult run_head(Device device, const ModelConfig& config, const Matrix& hidden) {
  const auto backend = create_backend(device);
  const OwnedWeights host = random_weights(config, 1);
  OwnedWeights weights = allocate_weights(*backend, config, 0);
  const Tensor flat{weights.flat.data(), 1, flat_parameter_count(config)};
  backend->upload(ConstTensor(host.flat.data(), 1, flat.columns), flat);
  const PreparedModel model =
      prepare_model(*backend, config, weights.weights, Precision::fp32, WeightUse::training);
  OwnedWeights gradients = allocate_weights(*backend, config, 0);
  const PackedBatch batch = one_token_each();
  Activations act(*backend, config, Keep::everything);
  act.prepare(batch.tokens(), batch.sequences());
  const Pass pass{*backend, batch, {.head_rate = 0.5F, .seed = 11}};

  const OnDevice rows(*backend, hidden);
  const OnDevice d_logits(*backend, d_logits_of(config));
  const auto download = [&](Tensor tensor) {
    Matrix values(tensor.rows, tensor.columns);
    backend->download(tensor, values.tensor());
    return values;
  };
  HeadResult result;
  result.logits = download(head_forward(pass, model, rows, act));
  head_backward(pass, model, d_logits, act, gradients.weights.head, Write::overwrite);
  result.d_hidden = download(act.gradients.hidden.row_slice(0, kTexts));
  result.d_dense = download(gradients.weights.head.dense.weight);
  return result;
}

int64_t zeros(const Matrix& values) {
  return std::count(values.values.begin(), values.values.end(), 0.0F);
}

TEST(ClassifierHead, DropsItsInputOnlyWhereTheFamilyDoes) {
  const HeadResult without = run_head(Device::reference, config_with(false), random_rows());
  EXPECT_EQ(zeros(without.d_hidden), 0);
  const HeadResult with = run_head(Device::reference, config_with(true), random_rows());
  // Half of 80 values, in more than four standard deviations.
  EXPECT_GT(zeros(with.d_hidden), 20);
  EXPECT_LT(zeros(with.d_hidden), 60);
}

TEST(ClassifierHead, HasTheGradientOfItsDroppedInput) {
  const ModelConfig config = config_with(true);
  const Matrix rows = random_rows();
  const Matrix d_logits = d_logits_of(config);
  const HeadResult found = run_head(Device::reference, config, rows);
  // Central differences: the step's square times a third derivative of order one, and rounding of
  // floats near one divided by the step.
  constexpr float kStep = 1e-2F;
  constexpr double kTolerance = 2e-3;
  const auto loss_at = [&](size_t index, float change) {
    Matrix changed = rows;
    changed.values[index] += change;
    const Matrix logits = run_head(Device::reference, config, changed).logits;
    double sum = 0;
    for (size_t i = 0; i < logits.values.size(); ++i) {
      sum += double{logits.values[i]} * d_logits.values[i];
    }
    return sum;
  };
  for (size_t index = 0; index < rows.values.size(); index += 3) {
    const double slope = (loss_at(index, kStep) - loss_at(index, -kStep)) / (2 * kStep);
    EXPECT_NEAR(found.d_hidden.values[index], slope, kTolerance) << index;
  }
}

class ClassifierHeadOn : public testing::TestWithParam<Device> {};

TEST_P(ClassifierHeadOn, IsThatOfTheReference) {
  // Sums of 16 products of order one, in float against double.
  constexpr double kTolerance = 1e-5;
  for (const bool dropout_before_dense : {false, true}) {
    const ModelConfig config = config_with(dropout_before_dense);
    const HeadResult expected = run_head(Device::reference, config, random_rows());
    const HeadResult found = run_head(GetParam(), config, random_rows());
    for (int64_t r = 0; r < kTexts; ++r) {
      EXPECT_LT(largest_difference_of_row(found.logits, expected.logits, r), kTolerance);
      EXPECT_LT(largest_difference_of_row(found.d_hidden, expected.d_hidden, r), kTolerance);
    }
    for (int64_t r = 0; r < kHidden; ++r) {
      EXPECT_LT(largest_difference_of_row(found.d_dense, expected.d_dense, r), kTolerance);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Devices,
                         ClassifierHeadOn,
                         testing::ValuesIn(devices_under_test()),
                         [](const auto& test) { return device_word(test.param); });

}  // namespace
}  // namespace fastintent
