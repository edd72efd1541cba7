#include "cuda/products.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "cuda/device_code.h"

// cuBLASLt's products by plain loops: f32 sums in the order of K, rounded to the stored type.
namespace fastintent::cuda {
namespace {

float round_to_tf32(float value) {
  // Keeps ten of the 23 fraction bits; rounds to nearest, ties to even.
  const auto bits = std::bit_cast<uint32_t>(value);
  return std::bit_cast<float>((bits + 0xfffU + ((bits >> 13) & 1U)) & 0xffffe000U);
}

float read(const void* data, Factors factors, int64_t index) {
  switch (factors) {
    case Factors::fp32:
      return static_cast<const float*>(data)[index];
    case Factors::tf32:
      return round_to_tf32(static_cast<const float*>(data)[index]);
    case Factors::fp16:
      return to_float(static_cast<const Half*>(data)[index]);
    case Factors::bf16:
      return to_float(static_cast<const Bfloat16*>(data)[index]);
  }
  return 0;
}

void write(void* data, Factors factors, int64_t index, float value) {
  switch (factors) {
    case Factors::fp32:
    case Factors::tf32:
      static_cast<float*>(data)[index] = value;
      break;
    case Factors::fp16:
      static_cast<Half*>(data)[index] = from_float<Half>(value);
      break;
    case Factors::bf16:
      static_cast<Bfloat16*>(data)[index] = from_float<Bfloat16>(value);
      break;
  }
}

float gelu_tanh(float x) {
  const float root = std::sqrt(2.0F / std::numbers::pi_v<float>);
  return 0.5F * x * (1.0F + std::tanh(root * (x + 0.044715F * x * x * x)));
}

// Columns of `right` that are multiplied at once: enough for the compiler to use vectors.
constexpr int64_t kPanel = 16;

// Row m of `left` [M,K] starts at m * K.
std::vector<float> rows_of_left(const Product& product,
                                const ProductSize& size,
                                const ProductOperands& at) {
  std::vector<float> rows(static_cast<size_t>(size.M * size.K));
  for (int64_t m = 0; m < size.M; ++m) {
    for (int64_t k = 0; k < size.K; ++k) {
      const int64_t index =
          product.transpose_left ? k * at.left_stride + m : m * at.left_stride + k;
      rows[static_cast<size_t>(m * size.K + k)] = read(at.left, product.factors, index);
    }
  }
  return rows;
}

// Columns [first, first + kPanel) of `right`, zeros past the last: row k starts at k * kPanel.
std::vector<float> panel_of_right(const Product& product,
                                  const ProductSize& size,
                                  const ProductOperands& at,
                                  int64_t first) {
  std::vector<float> panel(static_cast<size_t>(size.K * kPanel));
  for (int64_t k = 0; k < size.K; ++k) {
    for (int64_t n = first; n < std::min(size.N, first + kPanel); ++n) {
      const int64_t index =
          product.transpose_right ? n * at.right_stride + k : k * at.right_stride + n;
      panel[static_cast<size_t>(k * kPanel + n - first)] = read(at.right, product.factors, index);
    }
  }
  return panel;
}

struct Sums {
  float values[kPanel] = {};
};

// Nearly all time is spent here, so this runs at full speed in every kind of build, also under the
// sanitizers, which watch the reads from the original factors.
__attribute__((optimize("O3"), no_sanitize("address", "thread", "undefined"))) Sums
multiply(const float* row, const float* panel, int64_t K) {
  Sums sums;
  for (int64_t k = 0; k < K; ++k) {
    for (int64_t j = 0; j < kPanel; ++j) {
      sums.values[j] += row[k] * panel[k * kPanel + j];
    }
  }
  return sums;
}

void run(const Product& product, const ProductSize& size, const ProductOperands& at) {
  const Factors stored = product.result == Result::fp32     ? Factors::fp32
                         : product.factors == Factors::tf32 ? Factors::fp32
                                                            : product.factors;
  const std::vector<float> left = rows_of_left(product, size, at);
  for (int64_t first = 0; first < size.N; first += kPanel) {
    const std::vector<float> panel = panel_of_right(product, size, at, first);
    for (int64_t m = 0; m < size.M; ++m) {
      const Sums sums = multiply(left.data() + m * size.K, panel.data(), size.K);
      for (int64_t n = first; n < std::min(size.N, first + kPanel); ++n) {
        float sum = sums.values[n - first];
        const int64_t index = m * at.out_stride + n;
        if (product.accumulate) {
          sum += read(at.out, stored, index);
        }
        if (product.epilogue != Epilogue::none) {
          sum += read(at.bias, stored, n);
        }
        if (product.epilogue == Epilogue::bias_gelu_tanh) {
          sum = gelu_tanh(sum);
        }
        write(at.out, stored, index, sum);
      }
    }
  }
}

}  // namespace

struct Products::State {};

void require_products() {}

Products::Products(const Stream& stream) : stream_(stream) {}
Products::~Products() = default;

void Products::multiply(const Product& product,
                        const ProductSize& size,
                        const ProductOperands& operands) {
  if (size.M == 0) {
    return;
  }
  for (const void* data : {operands.left, operands.right, operands.bias}) {
    emulation::require_device_memory(data);
  }
  emulation::require_device_memory(operands.out);
  if (stream_.leaves_out(product, size, operands)) {
    return;
  }
  emulation::enqueue(stream_, [=] { run(product, size, operands); });
}

}  // namespace fastintent::cuda
