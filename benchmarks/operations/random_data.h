#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "compute/backend.h"

namespace fastintent::benchmarks {

/// Tensors of one backend, filled with the same numbers for each backend.
class RandomData {
 public:
  explicit RandomData(Backend& backend) : backend_(backend) {}

  /// Normal distribution with the given deviation.
  Tensor normal(int64_t rows, int64_t columns, float deviation = 1) {
    std::vector<float> values(static_cast<size_t>(rows * columns));
    std::normal_distribution<float> distribution(0, deviation);
    for (float& value : values) {
      value = distribution(engine_);
    }
    const Tensor result = zeros(rows, columns);
    backend_.upload(ConstTensor(values.data(), rows, columns), result);
    return result;
  }
  Tensor zeros(int64_t rows, int64_t columns) {
    buffers_.push_back(backend_.allocate(rows, columns));
    return buffers_.back().tensor(rows, columns);
  }
  std::span<float> normal_row(int64_t columns) { return flat(normal(1, columns)); }
  static std::span<float> flat(Tensor tensor) {
    return {tensor.data, static_cast<size_t>(tensor.size())};
  }
  const PreparedWeight& weight(int64_t N, int64_t K, Precision precision, WeightUse use) {
    const Tensor values = normal(N, K, 1 / std::sqrt(static_cast<float>(K)));
    weights_.push_back(backend_.prepare_weight(values, precision, use));
    return *weights_.back();
  }

 private:
  Backend& backend_;
  std::mt19937 engine_{1};
  std::vector<Buffer> buffers_;
  std::vector<std::unique_ptr<PreparedWeight>> weights_;
};

/// Starts [S+1] of `count` sequences of `length` tokens.
inline std::vector<int32_t> equal_starts(int64_t count, int64_t length) {
  std::vector<int32_t> starts;
  for (int64_t s = 0; s <= count; ++s) {
    starts.push_back(static_cast<int32_t>(s * length));
  }
  return starts;
}

/// all-MiniLM-L6-v2.
constexpr int64_t kHidden = 384;
constexpr int64_t kIntermediate = 1536;
constexpr int64_t kHeads = 12;

}  // namespace fastintent::benchmarks
