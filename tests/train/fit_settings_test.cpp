#include "train/fit_settings.h"

#include <gtest/gtest.h>

namespace fastintent {
namespace {

// Values of transformers' get_linear_schedule_with_warmup: in step s (from 1) the scheduler has
// been advanced s - 1 times, so with W warm-up steps of T it returns
//
//     (s-1) / W              during warm-up,
//     (T - (s-1)) / (T - W)  then.
TEST(LearningRate, FollowsTheScheduleOfTransformers) {
  const auto share = [](int64_t step) { return learning_rate_share(step, 100, 0.1); };
  EXPECT_DOUBLE_EQ(share(1), 0.0);
  EXPECT_DOUBLE_EQ(share(2), 0.1);
  EXPECT_DOUBLE_EQ(share(10), 0.9);
  EXPECT_DOUBLE_EQ(share(11), 1.0);
  EXPECT_DOUBLE_EQ(share(12), 89.0 / 90);
  EXPECT_DOUBLE_EQ(share(56), 0.5);
  EXPECT_DOUBLE_EQ(share(100), 1.0 / 90);
}

TEST(LearningRate, RoundsWarmUpUpToWholeSteps) {
  EXPECT_DOUBLE_EQ(learning_rate_share(1, 21, 0.1), 0.0);  // three steps, as Trainer's ceil(2.1)
  EXPECT_DOUBLE_EQ(learning_rate_share(3, 21, 0.1), 2.0 / 3);
  EXPECT_DOUBLE_EQ(learning_rate_share(4, 21, 0.1), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate_share(21, 21, 0.1), 1.0 / 18);
}

TEST(LearningRate, StartsAtThePeakWithoutWarmUp) {
  EXPECT_DOUBLE_EQ(learning_rate_share(1, 4, 0), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate_share(4, 4, 0), 0.25);
  EXPECT_DOUBLE_EQ(learning_rate_share(1, 1, 0), 1.0);
}

TEST(LearningRate, IsNeverNegative) {
  EXPECT_EQ(learning_rate_share(101, 100, 0.1), 0);
  EXPECT_EQ(learning_rate_share(500, 100, 0.1), 0);
}

}  // namespace
}  // namespace fastintent
