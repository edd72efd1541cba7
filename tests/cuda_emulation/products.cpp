#include "cuda/products.h"

#include <cmath>
#include <numbers>

#include "cuda/device_code.h"

// cuBLASLt's products by plain loops: f32 sums in the order of K, rounded to what is stored.
namespace fastintent::cuda {
namespace {

float round_to_tf32(float value) {
  // Ten bits of fraction are left of 23; to the nearest, ties to even.
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

void run(const Product& product, const ProductSize& size, const ProductOperands& at) {
  const Factors stored = product.result == Result::fp32     ? Factors::fp32
                         : product.factors == Factors::tf32 ? Factors::fp32
                                                            : product.factors;
  for (int64_t m = 0; m < size.M; ++m) {
    for (int64_t n = 0; n < size.N; ++n) {
      float sum = 0;
      for (int64_t k = 0; k < size.K; ++k) {
        const int64_t left =
            product.transpose_left ? k * at.left_stride + m : m * at.left_stride + k;
        const int64_t right =
            product.transpose_right ? n * at.right_stride + k : k * at.right_stride + n;
        sum += read(at.left, product.factors, left) * read(at.right, product.factors, right);
      }
      const int64_t index = m * at.out_stride + n;
      if (product.accumulate) sum += read(at.out, stored, index);
      if (product.epilogue != Epilogue::none) sum += read(at.bias, stored, n);
      if (product.epilogue == Epilogue::bias_gelu_tanh) sum = gelu_tanh(sum);
      write(at.out, stored, index, sum);
    }
  }
}

}  // namespace

struct Products::State {
  const Stream& stream;
};

Products::Products(const Stream& stream) : state_(new State{stream}) {}
Products::~Products() = default;

void Products::multiply(const Product& product,
                        const ProductSize& size,
                        const ProductOperands& operands) {
  if (size.M == 0) return;
  for (const void* data : {operands.left, operands.right, operands.bias}) {
    emulation::require_device_memory(data);
  }
  emulation::require_device_memory(operands.out);
  emulation::enqueue(state_->stream, [=] { run(product, size, operands); });
}

}  // namespace fastintent::cuda
