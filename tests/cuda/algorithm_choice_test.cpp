#include "cuda/algorithm_choice.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <map>
#include <new>

#include "base/temporary_folder.h"

namespace fastintent::cuda {
namespace {

Algorithm algorithm(uint64_t number) {
  return {{number}};
}

const Algorithm kAnchor = algorithm(1);
const Algorithm kFaster = algorithm(2);
const Algorithm kFastestWithOtherBits = algorithm(3);
const Algorithm kSlower = algorithm(4);

// Algorithms of known time and bits.
class FakeTrial final : public AlgorithmTrial {
 public:
  Algorithm anchor() override {
    ++anchors;
    return kAnchor;
  }
  std::vector<Algorithm> candidates() override {
    if (without_memory) {
      throw std::bad_alloc();
    }
    return offered;
  }
  bool same_bits(const Algorithm& candidate, const Algorithm& of) override {
    EXPECT_EQ(of, kAnchor);
    return candidate != kFastestWithOtherBits;
  }
  double seconds(const Algorithm& of) override {
    ++timed[of];
    // One run in five is interrupted.
    return timed[of] % 5 == 0 ? 1.0 : times.at(of);
  }

  std::vector<Algorithm> offered{kFastestWithOtherBits, kSlower, kAnchor, kFaster};
  std::map<Algorithm, double> times{
      {kAnchor, 0.03}, {kFaster, 0.02}, {kFastestWithOtherBits, 0.01}, {kSlower, 0.04}};
  std::map<Algorithm, int> timed;
  int anchors = 0;
  bool without_memory = false;
};

TEST(AlgorithmChoiceTest, TheFastestWithTheAnchorsBitsIsTaken) {
  AlgorithmChoices choices({}, Autotune::on);
  FakeTrial trial;
  EXPECT_EQ(choices.choose("product", 16, trial), kFaster);
  EXPECT_EQ(trial.timed.count(kFastestWithOtherBits), 0);
}

TEST(AlgorithmChoiceTest, TheAnchorStaysWhereNoneIsFaster) {
  AlgorithmChoices choices({}, Autotune::on);
  FakeTrial trial;
  trial.offered = {kFastestWithOtherBits, kSlower};
  EXPECT_EQ(choices.choose("product", 16, trial), kAnchor);
}

TEST(AlgorithmChoiceTest, EachBucketIsTriedOnce) {
  AlgorithmChoices choices({}, Autotune::on);
  FakeTrial trial;
  choices.choose("product", 16, trial);
  const std::map<Algorithm, int> after_first = trial.timed;
  EXPECT_EQ(choices.choose("product", 16, trial), kFaster);
  EXPECT_EQ(trial.timed, after_first);
  choices.choose("product", 32, trial);
  EXPECT_NE(trial.timed, after_first);
  EXPECT_EQ(trial.anchors, 1) << "one anchor for all buckets";
  choices.choose("other product", 16, trial);
  EXPECT_EQ(trial.anchors, 2);
}

TEST(AlgorithmChoiceTest, OffTakesTheAnchorAndTimesNothing) {
  const TemporaryFolder folder;
  const auto file = folder / "choices.json";
  FakeTrial trial;
  AlgorithmChoices(file, Autotune::on).choose("product", 16, trial);
  trial = {};
  AlgorithmChoices choices(file, Autotune::off);
  EXPECT_EQ(choices.choose("product", 16, trial), kAnchor) << "in spite of the file";
  EXPECT_TRUE(trial.timed.empty());
}

TEST(AlgorithmChoiceTest, WithoutMemoryTheAnchorServesForNow) {
  const TemporaryFolder folder;
  AlgorithmChoices choices(folder / "choices.json", Autotune::on);
  FakeTrial trial;
  trial.without_memory = true;
  EXPECT_EQ(choices.choose("product", 16, trial), kAnchor);
  EXPECT_FALSE(std::filesystem::exists(folder / "choices.json"));
  trial.without_memory = false;
  EXPECT_EQ(choices.choose("product", 16, trial), kFaster);
}

TEST(AlgorithmChoiceTest, TheNextProcessTriesNothingAgain) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "not yet" / "choices.json";
  FakeTrial trial;
  AlgorithmChoices(file, Autotune::on).choose("product", 16, trial);
  trial = {};
  AlgorithmChoices next(file, Autotune::on);
  EXPECT_EQ(next.choose("product", 16, trial), kFaster);
  EXPECT_TRUE(trial.timed.empty());
}

TEST(AlgorithmChoiceTest, AnUnwritableFolderIsNoError) {
  AlgorithmChoices choices("/proc/none/choices.json", Autotune::on);
  FakeTrial trial;
  EXPECT_EQ(choices.choose("product", 16, trial), kFaster);
}

TEST(AlgorithmChoiceTest, TheEnvironmentTurnsItOff) {
  ::unsetenv("FASTINTENT_AUTOTUNE");
  EXPECT_EQ(autotune_of_environment(), Autotune::on);
  ::setenv("FASTINTENT_AUTOTUNE", "off", 1);
  EXPECT_EQ(autotune_of_environment(), Autotune::off);
  ::unsetenv("FASTINTENT_AUTOTUNE");
}

}  // namespace
}  // namespace fastintent::cuda
