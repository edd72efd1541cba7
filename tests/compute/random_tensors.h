#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "compute/tensor.h"

namespace fastintent {

/// A matrix in host memory.
struct Matrix {
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<float> values;

  Matrix() = default;
  Matrix(int64_t row_count, int64_t column_count, float value = 0)
      : rows(row_count),
        columns(column_count),
        values(static_cast<size_t>(row_count * column_count), value) {}

  float* row(int64_t index) { return values.data() + index * columns; }
  const float* row(int64_t index) const { return values.data() + index * columns; }
  Tensor tensor() { return {values.data(), rows, columns}; }
  ConstTensor tensor() const { return {values.data(), rows, columns}; }

  /// Rows [first, first + count).
  Matrix slice(int64_t first, int64_t count) const {
    Matrix part(count, columns);
    std::copy_n(row(first), count * columns, part.values.begin());
    return part;
  }
};

/// The same numbers on every machine and run.
class Random {
 public:
  explicit Random(uint32_t seed = 1) : engine_(seed) {}

  /// Evenly from [-limit, limit].
  Matrix matrix(int64_t rows, int64_t columns, double limit = 1) {
    Matrix result(rows, columns);
    for (float& value : result.values) {
      value = static_cast<float>(limit * (2.0 * fraction() - 1.0));
    }
    return result;
  }

  std::vector<int32_t> integers(int64_t count, int64_t limit) {
    std::vector<int32_t> result(static_cast<size_t>(count));
    for (int32_t& value : result) {
      value = static_cast<int32_t>(below(limit));
    }
    return result;
  }

  /// Evenly from [0, limit).
  int64_t below(int64_t limit) {
    return static_cast<int64_t>(engine_() % static_cast<uint64_t>(limit));
  }

  /// Starts [S+1] of sequences with 1 to `longest` tokens that fill `rows` exactly.
  std::vector<int32_t> starts(int64_t rows, int64_t longest) {
    std::vector<int32_t> result{0};
    while (result.back() < rows) {
      const int64_t length = std::min(1 + below(longest), rows - result.back());
      result.push_back(result.back() + static_cast<int32_t>(length));
    }
    return result;
  }

 private:
  double fraction() { return static_cast<double>(engine_()) / 4294967296.0; }

  std::mt19937 engine_;
};

}  // namespace fastintent
