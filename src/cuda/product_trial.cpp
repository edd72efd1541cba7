#include "cuda/product_trial.h"

#include <fmt/format.h>

#include <algorithm>

#include "cuda/kernels/trial_data.h"
#include "cuda/lt_library.h"
#include "cuda/row_buckets.h"
#include "fastintent/error.h"

namespace fastintent::cuda {
namespace {

// The largest alignment that any of its kernels requires. Larger alignments are not distinguished,
// so that all rows of a matrix have the same alignment, wherever a slice of them begins.
constexpr uint32_t kMostAlignment = 16;

// Its guesses are in order; those further down hardly ever win.
constexpr int kCandidates = 16;

// A single product can be shorter than the clock's resolution of half a microsecond.
constexpr int kRuns = 10;

// Two orders of summation differ in few of the values that are rounded to 16 bits: in 0.005 % of
// bf16 values, simulated for K = 384. With this many rows, whose bits may not depend on their
// number, no different order passes unnoticed: 80 values differ then.
constexpr int64_t kRowsToCompare = 4096;

uint32_t alignment_of(const void* data, int64_t stride, int64_t bytes) {
  const uint64_t together =
      reinterpret_cast<uintptr_t>(data) | static_cast<uint64_t>(stride * bytes) | kMostAlignment;
  return static_cast<uint32_t>(together & (~together + 1));  // its lowest bit
}

Factors stored_result(const Product& product) {
  return product.result == Result::fp32 ? Factors::fp32 : product.factors;
}

const char* word_of(Factors factors) {
  switch (factors) {
    case Factors::fp32:
      return "fp32";
    case Factors::tf32:
      return "tf32";
    case Factors::fp16:
      return "fp16";
    case Factors::bf16:
      return "bf16";
  }
  return "";
}

const char* word_of(Epilogue epilogue) {
  switch (epilogue) {
    case Epilogue::none:
      return "";
    case Epilogue::bias:
      return " bias";
    case Epilogue::bias_gelu_tanh:
      return " bias gelu_tanh";
  }
  return "";
}

DeviceMemory matrix(const Stream& stream, int64_t rows, int64_t stride, Factors kind) {
  return {stream.device(), static_cast<size_t>(rows * stride * bytes_of(kind))};
}

void fill(const Stream& stream, const DeviceMemory& memory, Factors kind, uint32_t seed) {
  const auto count = static_cast<int64_t>(memory.size()) / bytes_of(kind);
  fill_without_pattern(stream, memory.get(), count, kind, seed);
}

// Each operand has different data; the values themselves have no meaning.
constexpr uint32_t kLeftSeed = 1;
constexpr uint32_t kRightSeed = 2;
constexpr uint32_t kBiasSeed = 3;
constexpr uint32_t kOutSeed = 4;

}  // namespace

ProductCase case_of(const Product& product,
                    const ProductSize& size,
                    const ProductOperands& operands) {
  const int64_t factor_bytes = bytes_of(product.factors);
  const int64_t result_bytes = bytes_of(stored_result(product));
  const int64_t rows = product.transpose_left ? size.K : size.M;
  ProductCase found;
  found.product = product;
  found.bucket = std::min(row_bucket(rows), kLargestRowBucket);
  found.N = size.N;
  found.other = product.transpose_left ? size.M : size.K;
  found.left_stride = operands.left_stride;
  found.right_stride = operands.right_stride;
  found.out_stride = operands.out_stride;
  found.alignments = {alignment_of(operands.left, operands.left_stride, factor_bytes),
                      alignment_of(operands.right, operands.right_stride, factor_bytes),
                      alignment_of(operands.out, operands.out_stride, result_bytes)};
  if (product.epilogue != Epilogue::none) {
    found.bias_alignment = alignment_of(operands.bias, 0, result_bytes);
  }
  return found;
}

std::string name_of(const ProductCase& of) {
  const Product& product = of.product;
  return fmt::format("{}{}{}{}{}{} N={} {}={} strides={},{},{} aligned={},{},{},{}",
                     word_of(product.factors),
                     product.transpose_left ? " left_transposed" : "",
                     product.transpose_right ? " right_transposed" : "",
                     word_of(product.epilogue),
                     product.result == Result::fp32 ? " to_fp32" : "",
                     product.accumulate ? " added" : "",
                     of.N,
                     product.transpose_left ? "M" : "K",
                     of.other,
                     of.left_stride,
                     of.right_stride,
                     of.out_stride,
                     of.alignments.left,
                     of.alignments.right,
                     of.alignments.out,
                     of.bias_alignment);
}

Algorithm ProductTrial::anchor() {
  const ProductOperands operands = operands_into({});
  LtMatmul largest(case_.product, size_for(kLargestRowBucket), operands);
  LtMatmul smallest(case_.product, size_for(kSmallestRowBucket), operands);
  for (const Algorithm& algorithm :
       largest.algorithms(handle_, case_.alignments, workspace_.bytes, kCandidates)) {
    if (smallest.can_run(handle_, algorithm, workspace_.bytes)) {
      return algorithm;
    }
  }
  throw Error(ErrorCode::device_missing,
              fmt::format("product: expected an algorithm of cuBLASLt {} for any number of rows, "
                          "found none ({})",
                          lt_library().get_version(),
                          name_of(case_)));
}

std::vector<Algorithm> ProductTrial::candidates() {
  LtMatmul matmul(case_.product, size_for(case_.bucket), operands_into({}));
  return matmul.algorithms(handle_, case_.alignments, workspace_.bytes, kCandidates);
}

bool ProductTrial::same_bits(const Algorithm& candidate, const Algorithm& anchor) {
  Data& on_device = data();
  // The previous contents (to which a product adds) and the gaps between rows are equal in both.
  const Factors result = stored_result(case_.product);
  if (on_device.expected_of != anchor) {
    fill(stream_, on_device.expected, result, kOutSeed);
    check(run(anchor, rows_to_compare(), on_device.expected), "a product of this kind");
    on_device.expected_of = anchor;
  }
  fill(stream_, on_device.found, result, kOutSeed);
  if (run(candidate, rows_to_compare(), on_device.found) != CUBLAS_STATUS_SUCCESS) {
    return false;
  }
  return cuda::same_bits(
      stream_, on_device.expected.get(), on_device.found.get(), on_device.found.size());
}

double ProductTrial::seconds(const Algorithm& algorithm) {
  const DeviceMemory& out = data().found;
  const auto run_once = [&] { check(run(algorithm, case_.bucket, out), "a product of this kind"); };
  run_once();  // loads the kernel
  // Timed as one graph, as products run later: launching a small product takes the host longer than
  // running it takes the device.
  const Graph graph = stream_.capture([&] {
    for (int i = 0; i < kRuns; ++i) {
      run_once();
    }
  });
  return seconds_on_device(stream_,
                           [&] {
                             if (!graph.empty()) {
                               return stream_.run(graph);
                             }
                             for (int i = 0; i < kRuns; ++i) {
                               run_once();
                             }
                           }) /
         kRuns;
}

// The gradient of a weight sums over the rows of the batch, exactly as many as the bucket has; such
// a weight has enough values to compare.
int64_t ProductTrial::rows_to_compare() const {
  return case_.product.transpose_left ? case_.bucket : std::max(case_.bucket, kRowsToCompare);
}

ProductSize ProductTrial::size_for(int64_t rows) const {
  if (case_.product.transpose_left) {
    return {case_.other, case_.N, rows};
  }
  return {rows, case_.N, case_.other};
}

// Aligned like the real bias and no better, since cuBLASLt checks the alignment.
const void* ProductTrial::bias() const {
  alignas(2 * kMostAlignment) static constexpr std::byte kSomewhere[2 * kMostAlignment] = {};
  const std::byte* begin = data_ ? data_->bias.as<std::byte>() : kSomewhere;
  return begin + case_.bias_alignment;
}

ProductOperands ProductTrial::operands_into(const DeviceMemory& out) const {
  ProductOperands operands;
  operands.left_stride = case_.left_stride;
  operands.right_stride = case_.right_stride;
  operands.out_stride = case_.out_stride;
  operands.out = out.get();
  operands.bias = bias();
  if (data_) {
    operands.left = data_->left.get();
    operands.right = data_->right.get();
  }
  return operands;
}

cublasStatus_t ProductTrial::run(const Algorithm& algorithm,
                                 int64_t rows,
                                 const DeviceMemory& out) const {
  const ProductOperands operands = operands_into(out);
  LtMatmul matmul(case_.product, size_for(rows), operands);
  return matmul.run(
      handle_, algorithm, operands, workspace_, static_cast<cudaStream_t>(stream_.native()));
}

ProductTrial::Data& ProductTrial::data() {
  if (data_) {
    return *data_;
  }
  const auto [M, N, K] = size_for(rows_to_compare());
  const Product& product = case_.product;
  const Factors result = stored_result(product);
  Data made;
  made.left = matrix(stream_, product.transpose_left ? K : M, case_.left_stride, product.factors);
  made.right =
      matrix(stream_, product.transpose_right ? N : K, case_.right_stride, product.factors);
  made.bias = matrix(stream_, 1, N + kMostAlignment, result);
  made.expected = matrix(stream_, M, case_.out_stride, result);
  made.found = matrix(stream_, M, case_.out_stride, result);
  fill(stream_, made.left, product.factors, kLeftSeed);
  fill(stream_, made.right, product.factors, kRightSeed);
  fill(stream_, made.bias, result, kBiasSeed);
  return data_.emplace(std::move(made));
}

}  // namespace fastintent::cuda
