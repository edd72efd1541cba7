#include "cpu/kernels/factor_rows.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "base/expect_error.h"
#include "compute/random_tensors.h"
#include "cpu/instruction_set.h"
#include "cpu/panel_weight.h"
#include "reference/quantize.h"
#include "reference/rounding.h"

namespace fastintent::cpu {
namespace {

constexpr int64_t kWidths[] = {1, 2, 3, 4, 5, 15, 16, 17, 30, 64, 77, 384, 1536};
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Rows as a factor in memory that held something else before.
struct OwnedFactor {
  std::vector<uint32_t> words;
  std::vector<float> scales;
  std::vector<float> zeros;
  Factor factor;

  OwnedFactor(Element element, int64_t rows, int64_t columns)
      : words(static_cast<size_t>(rows * words_of(element, columns)), 0xDEADBEEF),
        scales(static_cast<size_t>(rows)),
        zeros(static_cast<size_t>(rows)),
        factor{element, words.data(), words_of(element, columns), scales.data(), zeros.data()} {}

  uint8_t byte(int64_t t, int64_t i) const {
    return static_cast<uint8_t>(factor.row(t)[i / 4] >> (8 * (i % 4)));
  }
};

OwnedFactor quantized(const Matrix& rows) {
  OwnedFactor out(Element::int8, rows.rows, rows.columns);
  convert_rows(rows.tensor(), out.factor);
  return out;
}

Matrix row_of(std::vector<float> values) {
  Matrix row(1, static_cast<int64_t>(values.size()));
  row.values = std::move(values);
  return row;
}

class FactorRowsTest : public testing::Test {
 protected:
  void SetUp() override { instruction_set(); }  // chosen before any kernel runs

  // A row of int8 has the steps of the definition, bit for bit.
  static void expect_steps(const Matrix& rows) {
    const OwnedFactor found = quantized(rows);
    for (int64_t t = 0; t < rows.rows; ++t) {
      const reference::ActivationSteps steps(rows.row(t), rows.columns);
      for (int64_t k = 0; k < rows.columns; ++k) {
        const double value = double{found.scales[t]} * (found.byte(t, k) - double{found.zeros[t]});
        ASSERT_EQ(value, steps.rounded(rows.row(t)[k])) << rows.row(t)[k] << " at " << k;
        // Half a step, and what rounding in f32 adds to a value of up to 255 steps.
        ASSERT_LE(std::abs(value - rows.row(t)[k]), 0.5001 * double{found.scales[t]});
      }
      for (int64_t i = rows.columns; i < 4 * found.factor.row_words; ++i) {
        ASSERT_EQ(found.byte(t, i), 0) << "behind the row's end";
      }
    }
  }
};

TEST_F(FactorRowsTest, TakesTheStepsOfTheDefinition) {
  for (const int64_t width : kWidths) {
    Random random(static_cast<uint32_t>(width));
    for (const double limit : {1e-6, 1.0, 1e6}) {
      expect_steps(random.matrix(20, width, limit));
    }
    Matrix one_sided = random.matrix(20, width);
    for (float& value : one_sided.values) {
      value = std::abs(value);
    }
    expect_steps(one_sided);
    for (float& value : one_sided.values) {
      value = -value;
    }
    expect_steps(one_sided);
  }
}

// Every value is between two steps: ties go to the even one, before the shift.
TEST_F(FactorRowsTest, BreaksTiesAsTheDefinition) {
  for (const int first : {-100, -101}) {
    std::vector<float> values;
    for (int i = first; i <= first + 255; ++i) {
      values.push_back(static_cast<float>(i));
    }
    for (int i = first; i < first + 255; ++i) {
      values.push_back(static_cast<float>(i) + 0.5F);
    }
    expect_steps(row_of(values));
  }
}

TEST_F(FactorRowsTest, HoldsZeroExactly) {
  Random random;
  for (const int64_t width : kWidths) {
    Matrix rows = random.matrix(50, width);
    for (int64_t t = 0; t < rows.rows; ++t) {
      rows.row(t)[t % width] = 0;
    }
    const OwnedFactor found = quantized(rows);
    for (int64_t t = 0; t < rows.rows; ++t) {
      ASSERT_EQ(static_cast<float>(found.byte(t, t % width)), found.zeros[t]);
    }
  }
}

TEST_F(FactorRowsTest, TakesRowsWithoutARangeForZeros) {
  for (const float value : {0.0F, -0.0F, 1e-38F, -1e-31F}) {
    const OwnedFactor found = quantized(Matrix(1, 19, value));
    EXPECT_EQ(found.scales[0], 1);
    EXPECT_EQ(found.zeros[0], 0);
    for (int64_t k = 0; k < 20; ++k) {
      EXPECT_EQ(found.byte(0, k), 0);
    }
  }
}

TEST_F(FactorRowsTest, TakesConstantAndTinyAndHugeRows) {
  for (const float value : {1.0F, -1.0F, 3e-30F, -3e-30F, 3e38F, -3e38F}) {
    expect_steps(Matrix(2, 19, value));
  }
  expect_steps(row_of({-1.5e38F, 0.0F, 1.5e38F, 1e30F, 1.0F}));
}

TEST_F(FactorRowsTest, LetsWhatIsNotFiniteShow) {
  for (const float value : {kInfinity, -kInfinity}) {
    const OwnedFactor found = quantized(row_of({1, value, 2}));
    EXPECT_FALSE(
        std::isfinite(found.scales[0] * (static_cast<float>(found.byte(0, 0)) - found.zeros[0])));
  }
  // Normalised rows are NaN all over.
  EXPECT_TRUE(std::isnan(quantized(Matrix(1, 64, kNan)).zeros[0]));
}

TEST_F(FactorRowsTest, RoundsToBf16) {
  for (const int64_t width : kWidths) {
    Random random(static_cast<uint32_t>(width));
    Matrix rows = random.matrix(3, width, 100);
    rows.row(1)[0] = kInfinity;
    rows.row(2)[width - 1] = kNan;
    OwnedFactor rounded(Element::rounded_fp32, 3, width);
    convert_rows(rows.tensor(), rounded.factor);
    OwnedFactor halves(Element::bf16, 3, width);
    convert_rows(rows.tensor(), halves.factor);
    for (int64_t t = 0; t < 3; ++t) {
      for (int64_t k = 0; k < width; ++k) {
        const float expected = reference::round_to_bf16(rows.row(t)[k]);
        const uint32_t half = halves.factor.row(t)[k / 2] >> (16 * (k % 2)) & 0xFFFFU;
        for (const uint32_t bits : {rounded.factor.row(t)[k], half << 16}) {
          const auto found = std::bit_cast<float>(bits);
          if (std::isnan(expected)) {
            ASSERT_TRUE(std::isnan(found));
          } else {
            ASSERT_EQ(found, expected);
          }
        }
      }
      if (width % 2 == 1) {
        ASSERT_EQ(halves.factor.row(t)[width / 2] >> 16, 0U) << "behind the row's end";
      }
    }
  }
}

TEST_F(FactorRowsTest, QuantizesRowsOfWeights) {
  for (const int64_t width : kWidths) {
    Random random(static_cast<uint32_t>(width));
    const Matrix rows = random.matrix(20, width, 0.1);
    std::vector<uint32_t> words(static_cast<size_t>(words_of(Element::int8, width)));
    for (int64_t n = 0; n < rows.rows; ++n) {
      words.assign(words.size(), 0xDEADBEEF);
      const WeightScale found = convert_weight_row(rows.row(n), width, Element::int8, words.data());
      ASSERT_EQ(found.scale, reference::weight_scale(rows.row(n), width));
      const auto* values = reinterpret_cast<const int8_t*>(words.data());
      float sum = 0;
      for (int64_t k = 0; k < width; ++k) {
        ASSERT_EQ(values[k], reference::weight_step(rows.row(n)[k], found.scale));
        sum += values[k];
      }
      ASSERT_EQ(found.sum, sum);
      for (int64_t k = width; k < static_cast<int64_t>(4 * words.size()); ++k) {
        ASSERT_EQ(values[k], 0) << "behind the row's end";
      }
    }
  }
}

TEST_F(FactorRowsTest, RefusesWeightsThatAreNotFinite) {
  for (const float value : {kInfinity, -kInfinity, kNan}) {
    for (const int64_t width : {1, 16, 19, 64}) {
      for (int64_t k = 0; k < width; ++k) {
        Matrix weight(70, width, 0.5F);
        weight.row(65)[k] = value;
        expect_error(ErrorCode::bad_checkpoint, "found others in row 65", [&] {
          PanelWeight(weight.tensor(), Precision::int8, false);
        });
      }
    }
  }
}

TEST_F(FactorRowsTest, NormalizesAndConvertsAtOnce) {
  for (const int64_t width : {3, 16, 30, 384}) {
    Random random(static_cast<uint32_t>(width));
    const Matrix rows = random.matrix(7, width, 3);
    const Matrix scale = random.matrix(1, width);
    const Matrix shift = random.matrix(1, width);
    Matrix normal = rows;
    OwnedFactor found(Element::int8, 7, width);
    normalize_rows(normal.tensor(), {scale.values, shift.values, 1e-12F}, found.factor);
    const OwnedFactor expected = quantized(normal);
    EXPECT_EQ(found.words, expected.words);
    EXPECT_EQ(found.scales, expected.scales);
    EXPECT_EQ(found.zeros, expected.zeros);
    for (int64_t t = 0; t < rows.rows; ++t) {
      double mean = 0;
      double squares = 0;
      for (int64_t h = 0; h < width; ++h) {
        mean += double{rows.row(t)[h]} / static_cast<double>(width);
      }
      for (int64_t h = 0; h < width; ++h) {
        squares += std::pow(rows.row(t)[h] - mean, 2) / static_cast<double>(width);
      }
      for (int64_t h = 0; h < width; ++h) {
        const double value =
            (rows.row(t)[h] - mean) / std::sqrt(squares + 1e-12) * scale.values[h] +
            shift.values[h];
        // Sums of 384 values in f32.
        ASSERT_NEAR(normal.row(t)[h], value, 5e-6);
      }
    }
  }
}

}  // namespace
}  // namespace fastintent::cpu
