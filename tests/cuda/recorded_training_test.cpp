#include "recorded_training.h"

#include <gtest/gtest.h>

#include "golden_case.h"

// A step has the same bits whether its pass runs directly, is captured as a graph, or replays one:
// with other texts, labels and seeds each time, so that a graph that kept an old one shows.
namespace fastintent {
namespace {

class RecordedTrainingTest : public testing::TestWithParam<std::tuple<Pooling, Precision>> {
 protected:
  void expect_bits_of_direct_run(const StepInputs& inputs) {
    const auto [pooling, precision] = GetParam();
    const StepResult found = training_.run(inputs);
    ASSERT_GT(found.norm, 0);
    ASSERT_TRUE(found == run_directly(pooling, precision, inputs))
        << "seed " << inputs.dropout_seed;
  }

  RecordedTraining training_{std::get<0>(GetParam()), std::get<1>(GetParam())};
};

// 17 to 63 tokens: 64 with padding.
TEST_P(RecordedTrainingTest, ReplaysGiveTheBitsOfDirectRuns) {
  expect_bits_of_direct_run(random_step({3, 9, 5}, 1));
  expect_bits_of_direct_run(random_step({20, 1, 30}, 2));
  expect_bits_of_direct_run(random_step({7, 7, 7}, 3));
  expect_bits_of_direct_run(random_step({1, 61, 1}, 4));
  expect_bits_of_direct_run(random_step({11, 2, 40}, 5));
}

TEST_P(RecordedTrainingTest, ShapesMayTakeTurns) {
  for (uint32_t round = 0; round < 4; ++round) {
    expect_bits_of_direct_run(random_step({3, 20, 9 + round}, 10 + round));
    expect_bits_of_direct_run(random_step({50, 20 + round, 9}, 20 + round));
    expect_bits_of_direct_run(random_step({3, 20}, 30 + round));
  }
}

// The larger step has larger activations, scratch and arrays, all in other places.
TEST_P(RecordedTrainingTest, MemoryMayBeReplacedInBetween) {
  for (uint32_t round = 0; round < 3; ++round) {
    expect_bits_of_direct_run(random_step({3, 9, 5 + round}, 1 + round));
  }
  expect_bits_of_direct_run(random_step({70, 60, 50, 40, 80, 10}, 7));
  for (uint32_t round = 0; round < 4; ++round) {
    expect_bits_of_direct_run(random_step({9, 3, 15 + round}, 11 + round));
  }
}

// Two of the four pairs: every precision takes the same path through a pass, and so does every
// head.
INSTANTIATE_TEST_SUITE_P(Models,
                         RecordedTrainingTest,
                         testing::Values(std::tuple(Pooling::first_token, Precision::fp16),
                                         std::tuple(Pooling::mean, Precision::fp32)),
                         [](const auto& test) {
                           const bool mean = std::get<0>(test.param) == Pooling::mean;
                           return mean ? "mean_fp32" : "first_token_fp16";
                         });

// The processor's passes are not padded: loss, norm and gradients are the same but for the order of
// sums.
TEST(FilledPassTest, WhatFillsItUpAddsNothing) {
  for (const Pooling pooling : {Pooling::first_token, Pooling::mean}) {
    const StepInputs inputs = random_step({3, 9, 5}, 1);
    const StepResult filled = run_directly(pooling, Precision::fp32, inputs);
    const StepResult texts = RecordedTraining(pooling, Precision::fp32, Device::cpu).run(inputs);
    EXPECT_NEAR(filled.loss, texts.loss, 1e-5);
    EXPECT_NEAR(filled.norm / texts.norm, 1, 1e-5);
    EXPECT_LT(relative_distance(filled.flat, texts.flat, 0), 1e-5);
    EXPECT_LT(relative_distance(filled.word, texts.word, 0), 1e-5);
  }
}

}  // namespace
}  // namespace fastintent
