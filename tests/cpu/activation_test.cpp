#include "cpu/kernels/activation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "cpu/instruction_set.h"

// Arguments that overflow or are no numbers; linear_test compares the others with the reference.
namespace fastintent::cpu {
namespace {

struct Limits {
  Activation activation;
  float value_above;  // factor of x in f(x), for large x
  float slope_above;
  float value_below = 0;  // f(x) for large negative x
};

constexpr Limits kLimits[] = {{Activation::gelu, 1, 1},
                              {Activation::gelu_tanh, 1, 1},
                              {Activation::relu, 1, 1},
                              {Activation::silu, 1, 1},
                              {Activation::quick_gelu, 1, 1},
                              {Activation::tanh, 0, 0, -1}};

constexpr float kGelu = 3e-7F;  // the error that gelu-inl.h states; the others have none

class ActivationTest : public testing::Test {
 protected:
  void SetUp() override { instruction_set(); }  // chosen before any kernel runs

  static float value(Activation activation, float x) {
    Tensor one(&x, 1, 1);
    activate(one, activation, one);
    return x;
  }
  static float slope(Activation activation, float x) {
    float d_out = 1;
    activate_backward(Tensor(&x, 1, 1), activation, Tensor(&d_out, 1, 1));
    return d_out;
  }
};

TEST_F(ActivationTest, ReachesItsLimits) {
  for (const Limits& limits : kLimits) {
    for (const float x : {30.0F, 200.0F, 1e20F, std::numeric_limits<float>::max()}) {
      const int name = static_cast<int>(limits.activation);
      const float above = limits.value_above != 0 ? x : 1;
      EXPECT_EQ(value(limits.activation, x), above) << name << " of " << x;
      EXPECT_NEAR(value(limits.activation, -x), limits.value_below, kGelu) << name << " of -" << x;
      EXPECT_NEAR(slope(limits.activation, x), limits.slope_above, kGelu) << name << " at " << x;
      EXPECT_NEAR(slope(limits.activation, -x), 0, kGelu) << name << " at -" << x;
    }
  }
}

TEST_F(ActivationTest, KeepsNaN) {
  for (const Limits& limits : kLimits) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(std::isnan(value(limits.activation, nan))) << static_cast<int>(limits.activation);
    if (limits.activation != Activation::relu) {  // its slope is 0 or 1
      EXPECT_TRUE(std::isnan(slope(limits.activation, nan))) << static_cast<int>(limits.activation);
    }
  }
}

}  // namespace
}  // namespace fastintent::cpu
