#include "cuda/kernels/encoder_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "compute/random_tensors.h"
#include "cuda/kernels/convert.h"
#include "cuda/kernels/head_rows.h"

// The steps between products against plain loops in f64. Rows past the batch hold NaN.
namespace fastintent::cuda {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr int64_t kBucket = 16;
constexpr int32_t kRows = 11;
// Within one pass of a warp and not, the widest row in registers, and wider ones.
constexpr int64_t kWidths[] = {8, 24, 384, 1024, 1032, 2048};

void normalize(std::vector<double>& row, const Matrix& scale, const Matrix& shift, double epsilon) {
  const auto width = static_cast<double>(row.size());
  double mean = 0;
  double variance = 0;
  for (const double value : row) {
    mean += value / width;
  }
  for (const double value : row) {
    variance += (value - mean) * (value - mean) / width;
  }
  for (size_t i = 0; i < row.size(); ++i) {
    row[i] = (row[i] - mean) / std::sqrt(variance + epsilon) * scale.values[i] + shift.values[i];
  }
}

class EncoderRowsTest : public testing::TestWithParam<Factors> {
 protected:
  EncoderRowsTest() { stream_.upload(&kRows, count_.get(), sizeof(kRows)); }

  Factors factors() const { return GetParam(); }
  BucketRows rows() const { return {kBucket, count_.as<int32_t>()}; }

  // Of a result of up to 6, and of an operand of up to 2 that was rounded before.
  double tolerance() const {
    if (bytes_of(factors()) == sizeof(float)) {
      return 1e-5;
    }
    return factors() == Factors::fp16 ? 4e-3 : 3e-2;
  }

  DeviceMemory floats(const Matrix& values) const {
    DeviceMemory memory(0, values.values.size() * sizeof(float));
    stream_.upload(values.values.data(), memory.get(), memory.size());
    return memory;
  }

  // A bucket's rows as factors, the first kRows of which are `values`.
  DeviceMemory stored(const Matrix& values) const {
    Matrix all(kBucket, values.columns, kNan);
    std::copy(values.values.begin(), values.values.end(), all.values.begin());
    DeviceMemory as_floats = floats(all);
    if (bytes_of(factors()) == sizeof(float)) {
      return as_floats;
    }
    DeviceMemory memory = room(values.columns);
    convert_rows(
        stream_, {as_floats.as<float>(), kBucket, values.columns}, factors(), memory.get());
    return memory;
  }
  DeviceMemory room(int64_t width) const {
    return {0, static_cast<size_t>(kBucket * width * bytes_of(factors()))};
  }

  DeviceMemory indices(const std::vector<int32_t>& values) const {
    DeviceMemory memory(0, values.size() * sizeof(int32_t));
    stream_.upload(values.data(), memory.get(), memory.size());
    return memory;
  }

  Matrix load(const DeviceMemory& memory, int64_t width) const {
    const DeviceMemory as_floats(0, static_cast<size_t>(kRows * width) * sizeof(float));
    pool_rows(
        stream_, factors(), rows(), memory.get(), nullptr, width, Result::fp32, as_floats.get());
    Matrix values(kRows, width);
    stream_.download(as_floats.get(), values.values.data(), as_floats.size());
    stream_.synchronize();
    return values;
  }

  void expect_row(const Matrix& found, int64_t r, const std::vector<double>& expected) const {
    for (size_t i = 0; i < expected.size(); ++i) {
      // Negated, so that NaN fails.
      if (!(std::abs(found.row(r)[i] - expected[i]) <= tolerance())) {
        FAIL() << "width " << expected.size() << ", row " << r << ", column " << i << ": expected "
               << expected[i] << ", found " << found.row(r)[i];
      }
    }
  }

  Stream stream_{0};
  DeviceMemory count_{0, sizeof(kRows)};
};

std::span<const float> span_of(const DeviceMemory& memory) {
  return {memory.as<float>(), memory.size() / sizeof(float)};
}

TEST_P(EncoderRowsTest, EmbedsTokens) {
  constexpr int32_t kTokens = 20;
  Random random;
  for (const int64_t width : kWidths) {
    for (const bool with_segments : {true, false}) {
      const Matrix word = random.matrix(kTokens, width);
      const Matrix position = random.matrix(kTokens, width);
      const Matrix segment = random.matrix(2, width);
      const Matrix scale = random.matrix(1, width, 2);
      const Matrix shift = random.matrix(1, width);
      const std::vector<int32_t> ids = random.integers(kRows, kTokens);
      const std::vector<int32_t> positions = random.integers(kRows, kTokens);
      const std::vector<int32_t> segments = random.integers(kRows, 2);

      const DeviceMemory tables[] = {floats(word), floats(position), floats(segment)};
      const DeviceMemory inputs[] = {indices(ids), indices(positions), indices(segments)};
      const DeviceMemory norm[] = {floats(scale), floats(shift)};
      const ConstTensor none;
      const DeviceMemory out = room(width);
      embed_rows(stream_,
                 factors(),
                 rows(),
                 {inputs[0].as<int32_t>(), inputs[1].as<int32_t>(), inputs[2].as<int32_t>()},
                 {{tables[0].as<float>(), kTokens, width},
                  {tables[1].as<float>(), kTokens, width},
                  with_segments ? ConstTensor(tables[2].as<float>(), 2, width) : none},
                 {span_of(norm[0]), span_of(norm[1]), 1e-5F},
                 out.get());
      const Matrix found = load(out, width);
      for (int64_t r = 0; r < kRows; ++r) {
        std::vector<double> expected(static_cast<size_t>(width));
        for (int64_t c = 0; c < width; ++c) {
          expected[static_cast<size_t>(c)] = double{word.row(ids[r])[c]} +
                                             position.row(positions[r])[c] +
                                             (with_segments ? segment.row(segments[r])[c] : 0.0F);
        }
        normalize(expected, scale, shift, 1e-5);
        expect_row(found, r, expected);
      }
    }
  }
}

TEST_P(EncoderRowsTest, NormalizesSums) {
  Random random;
  for (const int64_t width : kWidths) {
    const Matrix in = random.matrix(kRows, width);
    const Matrix residual = random.matrix(kRows, width, 2);
    const Matrix bias = random.matrix(1, width);
    const Matrix scale = random.matrix(1, width, 2);
    const Matrix shift = random.matrix(1, width);
    const DeviceMemory parameters[] = {floats(bias), floats(scale), floats(shift)};
    const DeviceMemory ins[] = {stored(in), stored(residual)};
    const DeviceMemory out = room(width);
    normalize_sums(stream_,
                   factors(),
                   rows(),
                   ins[0].get(),
                   span_of(parameters[0]),
                   ins[1].get(),
                   {span_of(parameters[1]), span_of(parameters[2]), 1e-5F},
                   out.get());
    const Matrix found = load(out, width);
    for (int64_t r = 0; r < kRows; ++r) {
      std::vector<double> expected(static_cast<size_t>(width));
      for (int64_t c = 0; c < width; ++c) {
        expected[static_cast<size_t>(c)] =
            double{in.row(r)[c]} + bias.row(0)[c] + residual.row(r)[c];
      }
      normalize(expected, scale, shift, 1e-5);
      expect_row(found, r, expected);
    }
  }
}

TEST_P(EncoderRowsTest, GathersRows) {
  Random random;
  const Matrix in = random.matrix(kBucket, 24);
  const std::vector<int32_t> chosen = random.integers(kRows, kBucket);
  const DeviceMemory from = stored(in);
  const DeviceMemory places = indices(chosen);
  const DeviceMemory out = room(24);
  gather_rows(stream_, factors(), rows(), from.get(), places.as<int32_t>(), 24, out.get());
  const Matrix found = load(out, 24);
  for (int64_t r = 0; r < kRows; ++r) {
    expect_row(found, r, {in.row(chosen[r]), in.row(chosen[r]) + 24});
  }
}

INSTANTIATE_TEST_SUITE_P(AllFactors,
                         EncoderRowsTest,
                         testing::Values(Factors::fp32, Factors::fp16, Factors::bf16),
                         [](const auto& test) -> std::string {
                           if (test.param == Factors::fp32) {
                             return "fp32";
                           }
                           return test.param == Factors::fp16 ? "fp16" : "bf16";
                         });

}  // namespace
}  // namespace fastintent::cuda
