#include "cuda/recorded_passes.h"

#include <gtest/gtest.h>

#include "cuda/kernels/slot_sums.h"
#include "cuda/memory.h"
#include "emulated_device.h"
#include "recorded_training.h"

// When passes are recorded, and when they are not; recorded_training_test shows that the results
// are the same.
namespace fastintent {
namespace {

constexpr Pooling kPooling = Pooling::first_token;
constexpr Precision kPrecision = Precision::fp32;

// How many graphs `work` ran.
int graphs_of(const std::function<void()>& work) {
  const int before = cuda::emulation::graph_runs();
  work();
  return cuda::emulation::graph_runs() - before;
}

// Runs the step, checks its bits, and returns whether a graph computed them.
bool runs_graph(RecordedTraining& training, const StepInputs& inputs) {
  StepResult found;
  const int graphs = graphs_of([&] { found = training.run(inputs); });
  EXPECT_TRUE(found == run_directly(kPooling, kPrecision, inputs));
  EXPECT_LE(graphs, 1);
  return graphs == 1;
}

TEST(RecordedPassesTest, TrainingRunsGraphsFromTheSecondTimeOn) {
  RecordedTraining training(kPooling, kPrecision);
  EXPECT_FALSE(runs_graph(training, random_step({3, 9, 5}, 1)));
  for (uint32_t round = 0; round < 4; ++round) {
    EXPECT_TRUE(runs_graph(training, random_step({3 + round, 20, 5}, 2 + round)));
  }
  EXPECT_FALSE(runs_graph(training, random_step({3, 9}, 7))) << "another shape";
  EXPECT_TRUE(runs_graph(training, random_step({3, 9, 1}, 8)));
}

TEST(RecordedPassesTest, AShapeBeginsAnewWhereMemoryWasReplaced) {
  RecordedTraining training(kPooling, kPrecision);
  for (uint32_t round = 0; round < 3; ++round) {
    training.run(random_step({3, 9, 5}, 1 + round));
  }
  const StepInputs larger = random_step({70, 60, 50, 40, 80, 10}, 7);
  EXPECT_FALSE(runs_graph(training, larger));
  EXPECT_FALSE(runs_graph(training, random_step({3, 9, 5}, 11)));
  EXPECT_TRUE(runs_graph(training, random_step({3, 9, 5}, 12)));
  EXPECT_TRUE(runs_graph(training, larger));
  EXPECT_TRUE(runs_graph(training, random_step({3, 9, 5}, 13)));
}

TEST(RecordedPassesTest, WithoutMemoryForAGraphPassesRunDirectly) {
  RecordedTraining training(kPooling, kPrecision);
  training.run(random_step({3, 9, 5}, 1));
  cuda::emulation::fail_allocations(1);
  EXPECT_FALSE(runs_graph(training, random_step({3, 9, 5}, 2)));
  EXPECT_TRUE(runs_graph(training, random_step({3, 9, 5}, 3)));
  EXPECT_TRUE(runs_graph(training, random_step({3, 9, 5}, 4)));
}

// Sums of slots, with the possible failures of a pass.
class RecordedSumsTest : public testing::Test {
 protected:
  static constexpr int64_t kRows = 70;
  static constexpr int64_t kSlots = 4;

  RecordedSumsTest() {
    const std::vector<float> ones(static_cast<size_t>(kRows), 1.0F);
    workspace_.stream.upload(ones.data(), rows_.get(), ones.size() * sizeof(float));
  }

  // sums[s] = how many of `slots` are s
  void sum(const std::vector<int32_t>& slots) {
    cuda::sum_slots(workspace_,
                    {rows_.as<float>(), kRows, 1},
                    slots,
                    Write::overwrite,
                    {sums_.as<float>(), kSlots, 1});
  }
  std::vector<float> found() {
    std::vector<float> host(static_cast<size_t>(kSlots));
    workspace_.stream.download(sums_.get(), host.data(), host.size() * sizeof(float));
    workspace_.synchronize();
    return host;
  }
  static std::vector<int32_t> all_in(int32_t slot) {
    return std::vector<int32_t>(static_cast<size_t>(kRows), slot);
  }
  static std::vector<float> only(int32_t slot) {
    std::vector<float> counts(static_cast<size_t>(kSlots));
    counts[static_cast<size_t>(slot)] = kRows;
    return counts;
  }

  cuda::Workspace workspace_{0};
  cuda::DeviceMemory rows_ = cuda::allocate(0, kRows * sizeof(float));
  cuda::DeviceMemory sums_ = cuda::allocate(0, kSlots * sizeof(float));
  cuda::RecordedPasses passes_{workspace_};
  const PassShape shape_{kRows, 1, kSlots, Write::overwrite};
};

// The device has not yet copied the arrays of one pass when the next is packed.
TEST_F(RecordedSumsTest, PassesFollowEachOtherWithoutWaiting) {
  std::vector<std::vector<float>> results(6, std::vector<float>(static_cast<size_t>(kSlots)));
  for (size_t i = 0; i < results.size(); ++i) {
    const std::vector<int32_t> slots = all_in(static_cast<int32_t>(i) % kSlots);
    passes_.run(shape_, [&] { sum(slots); });
    workspace_.stream.download(sums_.get(), results[i].data(), kSlots * sizeof(float));
  }
  workspace_.synchronize();
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i], only(static_cast<int32_t>(i) % kSlots)) << i;
  }
}

TEST_F(RecordedSumsTest, OtherOperationsUnderOneShapeRunDirectly) {
  for (int i = 0; i < 3; ++i) {
    passes_.run(shape_, [&] { sum(all_in(1)); });
  }
  const int graphs = graphs_of([&] {
    passes_.run(shape_, [&] {
      sum(all_in(2));
      workspace_.stream.clear(sums_.get(), 2 * sizeof(float));
    });
  });
  EXPECT_EQ(graphs, 0);
  EXPECT_EQ(found(), only(2));
}

TEST_F(RecordedSumsTest, MoreArraysThanBeforeRunDirectly) {
  const auto twice = [&] {
    sum(all_in(0));
    sum(all_in(3));
  };
  passes_.run(shape_, [&] { sum(all_in(1)); });
  EXPECT_EQ(graphs_of([&] { passes_.run(shape_, twice); }), 0);
  EXPECT_EQ(found(), only(3));
  EXPECT_EQ(graphs_of([&] { passes_.run(shape_, twice); }), 1);
  EXPECT_EQ(found(), only(3));
}

TEST_F(RecordedSumsTest, AnErrorInAReplayLeavesTheStreamAsItWas) {
  for (int i = 0; i < 3; ++i) {
    passes_.run(shape_, [&] { sum(all_in(1)); });
  }
  const auto fail = [] { throw std::runtime_error("in the pass"); };
  EXPECT_THROW(passes_.run(shape_, fail), std::runtime_error);
  sum(all_in(2));
  EXPECT_EQ(found(), only(2));
  EXPECT_EQ(graphs_of([&] { passes_.run(shape_, [&] { sum(all_in(3)); }); }), 1);
  EXPECT_EQ(found(), only(3));
}

TEST_F(RecordedSumsTest, WhatSomebodyElseKeepsFromBeingRecordedRunsDirectly) {
  const auto work = [&] { sum(all_in(2)); };
  passes_.run(shape_, work);
  cuda::emulation::break_captures(1);
  EXPECT_EQ(graphs_of([&] { passes_.run(shape_, work); }), 0);
  EXPECT_EQ(found(), only(2));
  EXPECT_EQ(graphs_of([&] { passes_.run(shape_, work); }), 1) << "recorded the next time";
  EXPECT_EQ(found(), only(2));
}

TEST_F(RecordedSumsTest, TheNumberOfRecordingsIsBounded) {
  for (int64_t tokens = 0; tokens < 200; ++tokens) {
    const PassShape shape{tokens, 1, kSlots, Write::overwrite};
    for (int i = 0; i < 3; ++i) {
      passes_.run(shape, [&] { sum(all_in(1)); });
    }
  }
  const PassShape first{0, 1, kSlots, Write::overwrite};
  const auto work = [&] { sum(all_in(2)); };
  EXPECT_EQ(graphs_of([&] { passes_.run(first, work); }), 0) << "forgotten";
  EXPECT_EQ(graphs_of([&] { passes_.run(first, work); }), 1);
  EXPECT_EQ(found(), only(2));
}

}  // namespace
}  // namespace fastintent
