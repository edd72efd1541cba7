#include <limits>
#include <numeric>

#include "backend_test.h"

namespace fastintent {
namespace {

// Probabilities and targets are at most a few; exp and log in float cost some units in the last
// place.
constexpr double kGradient = 2e-6;
// Of order ten, summed in f32 on some devices.
constexpr double kLoss = 5e-6;

class LossTest : public BackendTest {
 protected:
  void check(int64_t S, int64_t C, float label_smoothing, bool weighted, double limit) {
    Random random(static_cast<uint32_t>(S + C));
    const Matrix logits = random.matrix(S, C, limit);
    std::vector<int32_t> labels = random.integers(S, C);
    if (S > 2) {
      labels[static_cast<size_t>(S) / 2] = kNoLabel;
    }
    std::vector<float> weights = random.matrix(1, C).values;
    double normalizer = 0;
    for (float& weight : weights) {
      weight = std::abs(weight) + 0.1F;
    }
    for (const int32_t label : labels) {
      if (label != kNoLabel) {
        normalizer += weighted ? weights[label] : 1.0F;
      }
    }
    CrossEntropy options{label_smoothing, {}, S == 0 ? 1.0 : normalizer};
    if (weighted) {
      options.class_weights = weights;
    }
    expect_agreement([&](Backend& backend) {
      const OnDevice d_logits(backend, S, C);
      const OnDevice losses(backend, S, 1);
      backend.softmax_cross_entropy(
          OnDevice(backend, logits), labels, options, losses.flat(), d_logits);
      return std::vector<Result>{{"losses", losses.download(), kLoss},
                                 {"d_logits", d_logits.download(), kGradient}};
    });
  }
};

TEST_P(LossTest, AgreesWithReference) {
  for (const int64_t S : kRowCounts) {
    for (const int64_t C : {1, 2, 3, 77}) {
      check(S, C, 0, false, 3);
      check(S, C, 0.1F, false, 3);
      check(S, C, 0, true, 3);
      check(S, C, 0.05F, true, 3);
    }
  }
}

TEST_P(LossTest, ExtremeLogits) {
  check(17, 77, 0.1F, false, 200);  // exp(200) is not a float
  check(3, 1000, 0.1F, true, 200);
}

// Written by torch 2.15: cross_entropy(logits, labels, weight, label_smoothing=0.1).
TEST_P(LossTest, AgreesWithTorch) {
  Matrix logits(3, 4);
  logits.values = {0.5F, -1.25F, 2, 0, 3, 1, -2, 0.25F, -0.5F, 0.75F, 0.125F, 1.5F};
  const std::vector<int32_t> labels{2, 1, 0};
  const std::vector<float> weights{0.5F, 2, 1, 1.5F};
  Matrix expected(3, 4);
  expected.values = {0.043195963F,
                     -0.006158759F,
                     -0.054688793F,
                     0.017651573F,
                     0.452481180F,
                     -0.466851413F,
                     -0.004069999F,
                     0.018440187F,
                     -0.120192759F,
                     0.027424229F,
                     0.015182868F,
                     0.077585667F};
  for (Backend* backend : {device_.get(), reference_.get()}) {
    const OnDevice d_logits(*backend, 3, 4);
    const OnDevice losses(*backend, 3, 1);
    backend->softmax_cross_entropy(
        OnDevice(*backend, logits), labels, {0.1F, weights, 3.5}, losses.flat(), d_logits);
    const std::vector<float> found = losses.download().values;
    const double loss = std::accumulate(found.begin(), found.end(), 0.0) / 3.5;
    EXPECT_NEAR(loss, 1.783337474, 1e-6) << backend->name();
    expect_close("d_logits", d_logits.download(), expected, 2e-7);
  }
}

// Exactly, for any logits of the row: fillers must not reach a sum over rows.
TEST_P(LossTest, RowsWithoutALabelHaveNeitherLossNorGradient) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Matrix logits(2, 40);
  for (size_t i = 0; i < logits.values.size(); ++i) {
    logits.values[i] = i % 3 == 0 ? kInfinity : static_cast<float>(i);
  }
  for (Backend* backend : {device_.get(), reference_.get()}) {
    const OnDevice d_logits(*backend, 2, 40);
    const OnDevice losses(*backend, 2, 1);
    backend->softmax_cross_entropy(OnDevice(*backend, logits),
                                   std::vector<int32_t>{kNoLabel, kNoLabel},
                                   {0.1F, {}, 0.5},
                                   losses.flat(),
                                   d_logits);
    EXPECT_EQ(losses.download().values, std::vector<float>(2)) << backend->name();
    EXPECT_EQ(d_logits.download().values, std::vector<float>(80)) << backend->name();
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, LossTest, testing::ValuesIn(devices_under_test()), device_label);

}  // namespace
}  // namespace fastintent
