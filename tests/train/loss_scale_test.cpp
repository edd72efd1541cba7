#include "train/loss_scale.h"

#include <gtest/gtest.h>

namespace fastintent {
namespace {

TEST(LossScale, IsOneWithoutScaling) {
  LossScale scale(false);
  EXPECT_EQ(scale.value(), 1);
  EXPECT_FALSE(scale.try_smaller());
  for (int step = 0; step < 5000; ++step) {
    scale.step_is_done();
  }
  EXPECT_EQ(scale.value(), 1);
}

TEST(LossScale, HalvesWhereAGradientOverflows) {
  LossScale scale(true);
  const double first = scale.value();
  EXPECT_TRUE(scale.try_smaller());
  EXPECT_TRUE(scale.try_smaller());
  EXPECT_EQ(scale.value(), first / 4);
  EXPECT_EQ(scale.overflows(), 2);
}

TEST(LossScale, GivesUpUnscaled) {
  LossScale scale(true);
  int tries = 0;
  while (scale.try_smaller()) {
    ++tries;
  }
  EXPECT_EQ(scale.value(), 1);
  EXPECT_EQ(tries, 16);  // from 2^16
}

TEST(LossScale, GrowsAfterManyGoodSteps) {
  LossScale scale(true);
  const double first = scale.value();
  for (int step = 0; step < 1999; ++step) {
    scale.step_is_done();
  }
  EXPECT_EQ(scale.value(), first);
  scale.step_is_done();
  EXPECT_EQ(scale.value(), 2 * first);
  EXPECT_EQ(scale.good_steps(), 0);
}

TEST(LossScale, CountsGoodStepsAnewAfterAnOverflow) {
  LossScale scale(true);
  for (int step = 0; step < 1999; ++step) {
    scale.step_is_done();
  }
  scale.try_smaller();
  const double smaller = scale.value();
  scale.step_is_done();
  EXPECT_EQ(scale.value(), smaller);
}

TEST(LossScale, GoesOnWhereItStood) {
  LossScale before(true);
  before.try_smaller();
  for (int step = 0; step < 1500; ++step) {
    before.step_is_done();
  }
  LossScale after(true);
  after.restore(before.value(), before.good_steps(), before.overflows());
  for (int step = 0; step < 500; ++step) {
    before.step_is_done();
    after.step_is_done();
  }
  EXPECT_EQ(after.value(), before.value());
  EXPECT_EQ(after.overflows(), 1);
}

}  // namespace
}  // namespace fastintent
