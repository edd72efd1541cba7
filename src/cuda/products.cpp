#include "cuda/products.h"

#include <map>
#include <memory>
#include <mutex>

#include "cuda/algorithm_choice.h"
#include "cuda/algorithm_file.h"
#include "cuda/cuda_call.h"
#include "cuda/lt_library.h"
#include "cuda/lt_matmul.h"
#include "cuda/product_trial.h"

namespace fastintent::cuda {
namespace {

// The size that NVIDIA advises for cuBLAS (its cublasSetWorkspace): more on Hopper and later.
constexpr size_t kWorkspaceBytes = size_t{4} << 20;
constexpr size_t kWorkspaceBytesFromHopper = size_t{32} << 20;
constexpr int kHopper = 9;

// Shared by all streams of a device. cuBLASLt's handle is safe from many threads, and destroying
// one waits for the complete device, which would break another thread's capture.
struct DeviceProducts {
  explicit DeviceProducts(const DeviceFacts& device)
      : workspace_bytes(device.major >= kHopper ? kWorkspaceBytesFromHopper : kWorkspaceBytes),
        choices(algorithm_file(device, lt_library().get_version()), autotune_of_environment()) {
    check(lt_library().create(&handle), "a handle");
  }

  cublasLtHandle_t handle = nullptr;
  size_t workspace_bytes;
  AlgorithmChoices choices;
};

// Never destroyed, for the same reason as the device's memory (runtime.cpp).
DeviceProducts& products_of(int device) {
  static std::mutex& lock = *new std::mutex;
  static auto& devices = *new std::map<int, std::unique_ptr<DeviceProducts>>;
  const std::lock_guard guard(lock);
  std::unique_ptr<DeviceProducts>& products = devices[device];
  if (products == nullptr) {
    const CurrentDevice current(device);
    products = std::make_unique<DeviceProducts>(device_facts(device));
  }
  return *products;
}

// The product sums nothing: the result is zero, or the previous value if it accumulates.
void multiply_nothing(const Stream& stream,
                      const Product& product,
                      const ProductSize& size,
                      const ProductOperands& operands) {
  if (product.accumulate) {
    return;
  }
  const auto value_bytes =
      static_cast<size_t>(product.result == Result::fp32 ? 4 : bytes_of(product.factors));
  const auto row_bytes = static_cast<size_t>(size.N) * value_bytes;
  const auto stride_bytes = static_cast<size_t>(operands.out_stride) * value_bytes;
  auto* out = static_cast<std::byte*>(operands.out);
  if (stride_bytes == row_bytes) {
    stream.clear(out, row_bytes * static_cast<size_t>(size.M));
    return;
  }
  for (int64_t row = 0; row < size.M; ++row) {
    stream.clear(out + static_cast<size_t>(row) * stride_bytes, row_bytes);
  }
}

}  // namespace

struct Products::State {
  explicit State(const Stream& given)
      : stream(given),
        device(products_of(given.device())),
        memory(given.device(), device.workspace_bytes) {}

  cudaStream_t native() const { return static_cast<cudaStream_t>(stream.native()); }
  LtWorkspace workspace() const { return {memory.get(), memory.size()}; }

  bool is_captured() const {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    check(cudaStreamIsCapturing(native(), &status), "product", "a stream that answers");
    return status != cudaStreamCaptureStatusNone;
  }

  Algorithm algorithm(const ProductCase& product_case, LtMatmul& matmul) {
    const auto known = algorithms.find(product_case);
    if (known != algorithms.end()) {
      return known->second;
    }
    ProductTrial trial(stream, device.handle, workspace(), product_case);
    // This must not take the lock of the choices: a thread that holds it and tries algorithms frees
    // memory, which waits for this capture to end.
    if (is_captured()) {
      return trial.anchor();
    }
    Algorithm chosen = device.choices.choose(name_of(product_case), product_case.bucket, trial);
    // An algorithm read from a file may be wrong even if the file is well formed.
    if (!matmul.can_run(device.handle, chosen, memory.size())) {
      chosen = trial.anchor();
    }
    algorithms.emplace(product_case, chosen);
    return chosen;
  }

  const Stream& stream;
  DeviceProducts& device;
  DeviceMemory memory;
  std::map<ProductCase, Algorithm> algorithms;
};

void require_products() {
  lt_library();
}

Products::Products(const Stream& stream) : stream_(stream) {}
Products::~Products() = default;

Products::State& Products::state() {
  if (state_ == nullptr) {
    state_ = std::make_unique<State>(stream_);
  }
  return *state_;
}

void Products::multiply(const Product& product,
                        const ProductSize& size,
                        const ProductOperands& operands) {
  if (size.M == 0 || size.N == 0) {
    return;
  }
  if (size.K == 0) {
    return multiply_nothing(stream_, product, size, operands);
  }
  if (stream_.leaves_out(product, size, operands)) {
    return;
  }
  const CurrentDevice current(stream_.device());
  LtMatmul matmul(product, size, operands);
  State& all = state();
  const Algorithm algorithm = all.algorithm(case_of(product, size, operands), matmul);
  check(matmul.run(all.device.handle, algorithm, operands, all.workspace(), all.native()),
        "a product of this kind");
}

}  // namespace fastintent::cuda
