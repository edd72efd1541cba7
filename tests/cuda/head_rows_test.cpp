#include "cuda/kernels/head_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "compute/random_tensors.h"
#include "cuda/kernels/activation.h"
#include "cuda/kernels/convert.h"
#include "model/rank_classes.h"

// The steps of the head besides its products, against plain loops and against the ranking of the
// processor's workers. Rows past the batch hold NaN.
namespace fastintent::cuda {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kHuge = std::numeric_limits<float>::max();
constexpr int64_t kBucket = 16;

class HeadRows : public testing::Test {
 protected:
  template <class Value>
  DeviceMemory upload(const std::vector<Value>& values) const {
    DeviceMemory memory(0, values.size() * sizeof(Value));
    stream_.upload(values.data(), memory.get(), memory.size());
    return memory;
  }
  template <class Value>
  std::vector<Value> download(const DeviceMemory& memory) const {
    std::vector<Value> values(memory.size() / sizeof(Value));
    stream_.download(memory.get(), values.data(), memory.size());
    stream_.synchronize();
    return values;
  }
  BucketRows first_rows(int32_t count) {
    stream_.upload(&count, count_.get(), sizeof(count));
    stream_.synchronize();
    return {kBucket, count_.as<int32_t>()};
  }

  Stream stream_{0};
  DeviceMemory count_{0, sizeof(int32_t)};
};

class PoolRowsTest : public HeadRows, public testing::WithParamInterface<Factors> {
 protected:
  Factors factors() const { return GetParam(); }
  bool in_16_bits() const { return bytes_of(factors()) == 2; }

  DeviceMemory stored(const Matrix& values) const {
    DeviceMemory as_floats = upload(values.values);
    if (!in_16_bits()) {
      return as_floats;
    }
    DeviceMemory memory(0, values.values.size() * sizeof(uint16_t));
    convert_rows(
        stream_, {as_floats.as<float>(), values.rows, values.columns}, factors(), memory.get());
    stream_.synchronize();
    return memory;
  }
  // Of NaN in every kind.
  DeviceMemory room(int64_t bytes) const {
    return upload(std::vector<uint8_t>(static_cast<size_t>(bytes), 0xff));
  }
  // As floats again.
  std::vector<float> pooled(const BucketRows& rows,
                            const DeviceMemory& in,
                            const int32_t* starts,
                            int64_t width,
                            Result result) const {
    const int64_t bytes = result == Result::fp32 ? 4 : bytes_of(factors());
    const DeviceMemory out = room(kBucket * width * bytes);
    pool_rows(stream_, factors(), rows, in.get(), starts, width, result, out.get());
    if (bytes == 4) {
      return download<float>(out);
    }
    const DeviceMemory floats = room(kBucket * width * 4);
    pool_rows(stream_, factors(), rows, out.get(), nullptr, width, Result::fp32, floats.get());
    return download<float>(floats);
  }
};

TEST_P(PoolRowsTest, AveragesTheTokensOfEachText) {
  const std::vector<int32_t> starts{0, 1, 4, 12, 29, 99};
  const auto S = static_cast<int32_t>(starts.size()) - 1;
  Random random;
  for (const int64_t width : {8, 24, 264}) {
    const Matrix in = random.matrix(starts.back(), width);
    const DeviceMemory from = stored(in);
    const DeviceMemory starts_there = upload(starts);
    const BucketRows rows = first_rows(S);
    for (const Result result : {Result::fp32, Result::factors}) {
      const auto found = pooled(rows, from, starts_there.as<int32_t>(), width, result);
      const bool rounded = in_16_bits() && result == Result::factors;
      for (int32_t s = 0; s < S; ++s) {
        for (int64_t c = 0; c < width; ++c) {
          double mean = 0;
          for (int32_t t = starts[s]; t < starts[s + 1]; ++t) {
            mean += in.row(t)[c];
          }
          mean /= starts[s + 1] - starts[s];
          // Of values up to 1 that were rounded before: half a step of bf16, and of the result's.
          const double step = in_16_bits() ? (rounded ? 4e-3 : 2e-3) : 1e-6;
          ASSERT_NEAR(found[static_cast<size_t>(s * width + c)], mean, step)
              << "width " << width << ", text " << s << ", column " << c;
        }
      }
      EXPECT_TRUE(std::isnan(found[static_cast<size_t>(S * width)])) << "wrote behind the batch";
    }
  }
}

TEST_P(PoolRowsTest, WithoutStartsTakesEachRow) {
  constexpr int64_t kWidth = 24;
  Matrix in = Random().matrix(kBucket, kWidth);
  // Exact in every kind.
  for (float& value : in.values) {
    value = std::round(value * 64) / 64;
  }
  const auto found = pooled(first_rows(7), stored(in), nullptr, kWidth, Result::fp32);
  for (size_t i = 0; i < 7 * kWidth; ++i) {
    ASSERT_EQ(found[i], in.values[i]) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(AllFactors,
                         PoolRowsTest,
                         testing::Values(Factors::fp32, Factors::fp16, Factors::bf16),
                         [](const auto& test) -> std::string {
                           if (test.param == Factors::fp32) {
                             return "fp32";
                           }
                           return test.param == Factors::fp16 ? "fp16" : "bf16";
                         });

class ActivateRowsTest : public HeadRows {
 protected:
  std::vector<float> activated(const std::vector<float>& in, Activation activation) {
    const DeviceMemory values = upload(in);
    activate_rows(stream_, Factors::fp32, first_rows(2), activation, 4, values.as<float>());
    return download<float>(values);
  }
};

TEST_F(ActivateRowsTest, IsExactAndLeavesTheRestOfTheBucket) {
  std::vector<float> in{-8, -2, -0.5F, 0, 0.3F, 1, 3, 9, kNan, 7};
  in.resize(4 * kBucket, kNan);
  const auto gelu = activated(in, Activation::gelu);
  const auto gelu_tanh = activated(in, Activation::gelu_tanh);
  const auto silu = activated(in, Activation::silu);
  const auto quick_gelu = activated(in, Activation::quick_gelu);
  const auto tanh = activated(in, Activation::tanh);
  const auto relu = activated(in, Activation::relu);
  for (size_t i = 0; i < 8; ++i) {
    const double x = in[i];
    EXPECT_NEAR(gelu[i], x / 2 * (1 + std::erf(x / std::sqrt(2.0))), 1e-6) << x;
    const double cubic = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
    EXPECT_NEAR(gelu_tanh[i], x / 2 * (1 + std::tanh(cubic)), 1e-6) << x;
    EXPECT_NEAR(silu[i], x / (1 + std::exp(-x)), 1e-6) << x;
    EXPECT_NEAR(quick_gelu[i], x / (1 + std::exp(-1.702 * x)), 1e-6) << x;
    EXPECT_NEAR(tanh[i], std::tanh(x), 1e-6) << x;
    EXPECT_EQ(relu[i], std::max(0.0, x)) << x;
  }
  EXPECT_EQ(gelu[9], 7);
}

class RankRowsTest : public HeadRows {
 protected:
  // The best classes of each row, [rows,best].
  std::vector<ScoredClass> rank(const Matrix& logits, int32_t best, float temperature = 1) {
    std::vector<float> all = logits.values;
    all.resize(static_cast<size_t>(kBucket * logits.columns), kNan);
    const DeviceMemory from = upload(all);
    const DeviceMemory ranking = upload(std::vector<Ranking>{{best, temperature}});
    const DeviceMemory out =
        upload(std::vector<ScoredClass>(static_cast<size_t>(kBucket * logits.columns), kUntouched));
    rank_rows(stream_,
              first_rows(static_cast<int32_t>(logits.rows)),
              from.as<float>(),
              logits.columns,
              ranking.as<Ranking>(),
              out.as<ScoredClass>());
    auto found = download<ScoredClass>(out);
    const auto written = static_cast<size_t>(logits.rows * best);
    for (size_t i = written; i < found.size(); ++i) {
      EXPECT_EQ(found[i], kUntouched) << i;
    }
    found.resize(written);
    return found;
  }

  void expect_as_on_the_processor(const Matrix& logits, int32_t best, float temperature = 1) {
    const auto found = rank(logits, best, temperature);
    const auto N = static_cast<size_t>(best);
    std::vector<ScoredClass> expected(N);
    for (int64_t r = 0; r < logits.rows; ++r) {
      rank_classes({logits.row(r), static_cast<size_t>(logits.columns)}, temperature, expected);
      for (size_t i = 0; i < N; ++i) {
        const ScoredClass& one = found[static_cast<size_t>(r) * N + i];
        ASSERT_EQ(one.index, expected[i].index) << "row " << r << ", rank " << i;
        if (std::isnan(expected[i].probability)) {
          ASSERT_TRUE(std::isnan(one.probability));
        } else if (one.index == kNoClass) {
          ASSERT_EQ(one.probability, expected[i].probability);
        } else {
          // f32 sums of a few thousand classes.
          ASSERT_NEAR(one.probability, expected[i].probability, 1e-6)
              << "row " << r << ", rank " << i;
        }
      }
    }
  }

  static constexpr ScoredClass kUntouched{-7, 0.5F};
};

TEST_F(RankRowsTest, GivesTheBestClassesWithTheirProbabilities) {
  Random random;
  for (const int32_t C : {1, 2, 31, 32, 33, 77, 150}) {
    const Matrix logits = random.matrix(5, C, 6);
    for (const int32_t best : {1, 2, 6, C / 2, C}) {
      if (best < 1 || best > C) {
        continue;
      }
      for (const float temperature : {1.0F, 0.4F, 3.0F}) {
        expect_as_on_the_processor(logits, best, temperature);
      }
    }
  }
  expect_as_on_the_processor(random.matrix(2, 3000, 6), 20);
}

TEST_F(RankRowsTest, KeepsTiesInTheOrderOfTheClasses) {
  Matrix logits(2, 70, 1);
  for (const int64_t c : {69, 3, 35, 34}) {
    logits.row(0)[c] = 5;
  }
  logits.row(1)[40] = -0.0F;
  logits.row(1)[5] = 0.0F;
  expect_as_on_the_processor(logits, 70);
  const auto found = rank(logits, 6);
  for (const auto& [rank, c] : {std::pair{0, 3}, {1, 34}, {2, 35}, {3, 69}, {4, 0}, {5, 1}}) {
    EXPECT_EQ(found[static_cast<size_t>(rank)].index, c);
  }
}

TEST_F(RankRowsTest, StandsExtremeLogits) {
  Matrix logits(4, 40, 0);
  logits.row(0)[7] = kHuge;
  logits.row(0)[33] = -kHuge;
  logits.row(0)[2] = 1e30F;
  for (int64_t c = 0; c < 40; ++c) {
    logits.row(1)[c] = -kHuge;
    logits.row(2)[c] = kHuge;
    logits.row(3)[c] = -kHuge;
  }
  logits.row(3)[12] = 1e-40F;
  expect_as_on_the_processor(logits, 40);
}

TEST_F(RankRowsTest, TellsWhichRowsAreNotFinite) {
  Matrix logits = Random().matrix(6, 70, 3);
  logits.row(1)[69] = kNan;
  logits.row(2)[40] = kInfinity;
  logits.row(2)[41] = kNan;
  logits.row(4)[0] = -kInfinity;
  for (const int32_t best : {1, 5, 70}) {
    expect_as_on_the_processor(logits, best);
  }
  EXPECT_EQ(rank(logits, 1)[2], (ScoredClass{kNoClass, kInfinity}));
}

}  // namespace
}  // namespace fastintent::cuda
