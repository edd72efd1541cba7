#include "cpu/kernels/finish_tile.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "compute/activations.h"
#include "compute/random_tensors.h"
#include "cpu/instruction_set.h"

namespace fastintent::cpu {
namespace {

double activated(Activation activation, double x) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::gelu:
      return x / 2 * std::erfc(-x / std::numbers::sqrt2);
    case Activation::gelu_tanh:
      return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::quick_gelu:
      return x / (1 + std::exp(-1.702 * x));
    case Activation::tanh:
      return std::tanh(x);
  }
  return x;
}

class FinishTileTest : public testing::Test {
 protected:
  void SetUp() override { instruction_set(); }  // chosen before any kernel runs

  // A tile of R rows and C columns amid others, with random scales, bias and residual.
  static void check(
      Element element, int64_t R, int64_t C, Activation activation, bool bias, bool residual) {
    constexpr int64_t kStride = 96;
    Random random(static_cast<uint32_t>(R + C));
    const bool int8 = element == Element::int8;
    const Matrix floats = random.matrix(R, kStride, 3);
    const std::vector<int32_t> integers = random.integers(R * kStride, 400'000);
    const auto sum_at = [&](int64_t r, int64_t c) -> double {
      return int8 ? integers[r * kStride + c] - 200'000 : double{floats.row(r)[c]};
    };
    std::vector<uint32_t> sums;
    for (int64_t r = 0; r < R; ++r) {
      for (int64_t c = 0; c < kStride; ++c) {
        sums.push_back(int8 ? static_cast<uint32_t>(integers[r * kStride + c] - 200'000)
                            : std::bit_cast<uint32_t>(floats.row(r)[c]));
      }
    }
    const Matrix row_scales = random.matrix(1, R, 0.01);
    const Matrix column_scales = random.matrix(1, C, 0.002);
    Matrix zeros = random.matrix(1, R, 127);
    Matrix column_sums = random.matrix(1, C, 1000);
    for (float& zero : zeros.values) {
      zero = std::round(zero + 127);
    }
    for (float& sum : column_sums.values) {
      sum = std::round(sum);
    }
    const Matrix shift = random.matrix(1, C);
    const Matrix rest = random.matrix(R, kStride);
    Matrix out(R, kStride, 7);
    finish_tile({sums.data(), kStride, element},
                int8 ? Int8Scales{row_scales.values.data(),
                                  zeros.values.data(),
                                  column_scales.values.data(),
                                  column_sums.values.data()}
                     : Int8Scales{},
                bias ? shift.values.data() : nullptr,
                activation,
                residual ? rest.tensor().column_slice(5, C) : ConstTensor(),
                out.tensor().column_slice(3, C));
    for (int64_t r = 0; r < R; ++r) {
      for (int64_t c = 0; c < C; ++c) {
        double value = sum_at(r, c);
        double largest = std::abs(value);  // of the values rounded in between
        if (int8) {
          const double scale = double{row_scales.values[r]} * column_scales.values[c];
          const double compensation = double{zeros.values[r]} * column_sums.values[c];
          largest = (largest + std::abs(compensation)) * std::abs(scale);
          value = (value - compensation) * scale;
        }
        value = activated(activation, value + (bias ? shift.values[c] : 0));
        value += residual ? rest.row(r)[5 + c] : 0;
        // Four roundings of f32, 6e-8 each, and 3e-7 for the polynomial of an activation.
        ASSERT_NEAR(out.row(r)[3 + c], value, 2.4e-7 * (largest + std::abs(value) + 1) + 3e-7)
            << R << " x " << C << " at (" << r << "," << c << ")";
      }
      ASSERT_EQ(out.row(r)[2], 7) << "wrote before the tile";
      ASSERT_EQ(out.row(r)[3 + C], 7) << "wrote behind the tile";
    }
  }
};

TEST_F(FinishTileTest, AgreesWithPlainLoops) {
  for (const Element element :
       {Element::fp32, Element::rounded_fp32, Element::bf16, Element::int8}) {
    for (const int64_t R : {1, 2, 5, 6}) {
      for (const int64_t C : {1, 4, 15, 16, 33, 64}) {
        for (const Activation activation : kActivations) {
          for (const bool bias : {false, true}) {
            for (const bool residual : {false, true}) {
              check(element, R, C, activation, bias, residual);
            }
          }
        }
      }
    }
  }
}

std::vector<float> activate_values(Activation activation, const std::vector<float>& in) {
  std::vector<float> out(in.size());
  const auto count = static_cast<int64_t>(in.size());
  finish_tile({reinterpret_cast<const uint32_t*>(in.data()), count, Element::fp32},
              {},
              nullptr,
              activation,
              {},
              Tensor(out.data(), 1, count));
  return out;
}

// The bound that gelu-inl.h states, over all of its polynomial and far beyond.
TEST_F(FinishTileTest, ComputesGeluWithin3e7) {
  std::vector<float> in;
  for (int i = -800'000; i <= 800'000; ++i) {
    in.push_back(static_cast<float>(i) * 1e-5F);
  }
  for (float x = 8; x < 1e38F; x *= 1.5F) {
    in.push_back(x);
    in.push_back(-x);
  }
  const std::vector<float> out = activate_values(Activation::gelu, in);
  double largest = 0;
  float where = 0;
  for (size_t i = 0; i < in.size(); ++i) {
    const double error = std::abs(out[i] - activated(Activation::gelu, in[i]));
    if (!(error > largest)) {
      continue;
    }
    largest = error;
    where = in[i];
  }
  EXPECT_LT(largest, 3e-7) << "at " << where;
  RecordProperty("largest_error", std::to_string(largest));
}

// A wrong weight or overflow must reach the logits, where it is reported.
TEST_F(FinishTileTest, KeepsNaN) {
  for (const Activation activation : kActivations) {
    for (const float value : activate_values(
             activation, std::vector<float>(19, std::numeric_limits<float>::quiet_NaN()))) {
      EXPECT_TRUE(std::isnan(value)) << static_cast<int>(activation);
    }
  }
}

}  // namespace
}  // namespace fastintent::cpu
