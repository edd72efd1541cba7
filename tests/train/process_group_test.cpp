#include "compute/process_group.h"

#include <gtest/gtest.h>

#include <barrier>
#include <numeric>
#include <thread>

#include "devices/create_backend.h"
#include "golden_case.h"
#include "model/load_weights.h"
#include "train/gradient_workers.h"

namespace fastintent {
namespace {

// Threads of one process in the role of the processes of a group.
class Meeting {
 public:
  explicit Meeting(int size) : parts_(static_cast<size_t>(size)), barrier_(size) {}

  int size() const { return static_cast<int>(parts_.size()); }

  // In the order of ranks, so that all compute the same bits.
  template <class Value>
  void sum(int rank, std::span<Value> values) {
    parts_[static_cast<size_t>(rank)].assign(values.begin(), values.end());
    barrier_.arrive_and_wait();
    for (size_t i = 0; i < values.size(); ++i) {
      double total = 0;
      for (const std::vector<double>& part : parts_) {
        total += part[i];
      }
      values[i] = static_cast<Value>(total);
    }
    barrier_.arrive_and_wait();
  }

 private:
  std::vector<std::vector<double>> parts_;
  std::barrier<> barrier_;
};

class Member final : public ProcessGroup {
 public:
  Member(Meeting& meeting, int rank) : meeting_(meeting), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return meeting_.size(); }
  void sum(Backend& /*backend*/, std::span<float> values) override { meeting_.sum(rank_, values); }
  double sum(double value) override {
    meeting_.sum(rank_, std::span(&value, 1));
    return value;
  }

 private:
  Meeting& meeting_;
  int rank_;
};

struct Gradient {
  StepGradient step;
  std::vector<float> flat;
  std::vector<float> words;
};

// One process's part in a step of all golden texts.
Gradient gradient_of(const ModelFolder& folder, ProcessGroup* group, int64_t texts) {
  const GoldenCase golden("bert_mean");
  const ModelConfig& config = folder.config();
  EncodedDataset data;
  for (const auto& sequence : golden.sequences()) {
    data.ids.insert(data.ids.end(), sequence.begin(), sequence.end());
    data.starts.push_back(static_cast<int64_t>(data.ids.size()));
  }
  data.classes = golden.integers("labels");
  std::vector<int64_t> examples(static_cast<size_t>(texts));
  std::iota(examples.begin(), examples.end(), 0);

  ThreadPool pool(1);
  GradientWorkers workers(pool, [] { return create_backend(Device::cpu); }, config, group);
  const OwnedWeights weights =
      allocate_weights(workers.backend(0), config, config.encoder.vocabulary);
  load_trained_weights(folder, config, weights.weights);
  const PreparedModel model = prepare_model(
      workers.backend(0), config, weights.weights, Precision::fp32, WeightUse::training);
  Gradient result;
  result.step = workers.run(model, data, examples, {}, {});
  result.flat.assign(workers.flat().begin(), workers.flat().end());
  const std::span<const float> words = workers.word_gradient().flat();
  result.words.assign(words.begin(), words.end());
  return result;
}

class ProcessGroupTest : public testing::TestWithParam<int64_t> {};

// Texts are distributed and gradients summed so that a group computes the same as one process; also
// where there are fewer texts than processes.
TEST_P(ProcessGroupTest, TrainsAsOneProcess) {
  constexpr int kProcesses = 3;
  const ModelFolder folder(GoldenCase("bert_mean").model());
  const Gradient alone = gradient_of(folder, nullptr, GetParam());
  Meeting meeting(kProcesses);
  std::vector<Gradient> found(kProcesses);
  std::vector<std::thread> processes;
  for (int rank = 0; rank < kProcesses; ++rank) {
    processes.emplace_back([&, rank] {
      Member member(meeting, rank);
      found[static_cast<size_t>(rank)] = gradient_of(folder, &member, GetParam());
    });
  }
  for (std::thread& process : processes) {
    process.join();
  }

  for (const Gradient& gradient : found) {
    // f32 sums in another order.
    EXPECT_NEAR(gradient.step.loss, alone.step.loss, 1e-6);
    EXPECT_NEAR(gradient.step.norm / alone.step.norm, 1, 1e-5);
    EXPECT_LT(relative_distance(gradient.flat, alone.flat, 0), 1e-5);
    EXPECT_LT(relative_distance(gradient.words, alone.words, 0), 1e-5);
    EXPECT_EQ(gradient.flat, found.front().flat) << "not the same bits in every process";
    EXPECT_EQ(gradient.step.norm, found.front().step.norm);
  }
}

INSTANTIATE_TEST_SUITE_P(Texts, ProcessGroupTest, testing::Values(2, 7));

}  // namespace
}  // namespace fastintent
