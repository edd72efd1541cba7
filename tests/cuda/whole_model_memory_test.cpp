#include <gtest/gtest.h>

#include "answering_model.h"
#include "emulated_device.h"
#include "fastintent/error.h"

// A model on a device that runs out of memory, or with captures that other threads break.
namespace fastintent {
namespace {

constexpr Shape kShape = {24, 3, 40, 2};

// Every allocation is retried once after the pool's cache is released.
constexpr int kBothTries = 2;

void expect_out_of_resources(AnsweringModel& model, const Sequences& sequences) {
  try {
    model.run(sequences);
    FAIL() << "ran without memory";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_resources) << error.what();
  }
}

TEST(WholeModelMemoryTest, ASmallerBatchRunsAfterOneThatHadNoRoom) {
  const Sequences small = random_sequences({9, 4});
  const Sequences large = random_sequences({60, 70, 50});
  AnsweringModel unharmed(Device::cuda, config_of(kShape, HeadKind::pooler), Precision::fp16);
  const Found expected_small = unharmed.run(small);
  const Found expected_large = unharmed.run(large);

  // Twice, so that there is a graph over the memory that is released for the larger batch.
  AnsweringModel model(Device::cuda, config_of(kShape, HeadKind::pooler), Precision::fp16);
  model.run(small);
  model.run(small);
  cuda::emulation::fail_allocations(kBothTries);
  expect_out_of_resources(model, large);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(same_bits(model.run(small), expected_small));
    EXPECT_TRUE(same_bits(model.run(large), expected_large));
  }
}

TEST(WholeModelMemoryTest, WhatSomebodyElseKeepsFromBeingRecordedRunsDirectly) {
  const Sequences sequences = random_sequences({9, 4});
  AnsweringModel model(Device::cuda, config_of(kShape, HeadKind::pooler), Precision::fp16);
  const Found expected = model.run(sequences);
  const auto graphs_of_a_run = [&] {
    const int before = cuda::emulation::graph_runs();
    EXPECT_TRUE(same_bits(model.run(sequences), expected));
    return cuda::emulation::graph_runs() - before;
  };
  cuda::emulation::break_captures(1);
  EXPECT_EQ(graphs_of_a_run(), 0);
  EXPECT_EQ(graphs_of_a_run(), 1) << "recorded the next time";
}

TEST(WholeModelMemoryTest, AModelIsTakenOverAfterItsBiasesHadNoRoom) {
  const std::shared_ptr<Backend> backend = create_backend(Device::cuda);
  const ModelConfig config = config_of(kShape, HeadKind::pooler);
  const Sequences sequences = random_sequences({9, 4});
  AnsweringModel first(backend, config, Precision::fp16, 1);
  AnsweringModel second(backend, config, Precision::fp16, 2);
  const Found of_first = first.run(sequences);
  const Found of_second = second.run(sequences);
  first.run(sequences);
  cuda::emulation::fail_allocations(kBothTries);
  expect_out_of_resources(second, sequences);
  EXPECT_TRUE(same_bits(first.run(sequences), of_first));
  EXPECT_TRUE(same_bits(second.run(sequences), of_second));
}

}  // namespace
}  // namespace fastintent
