#pragma once

#include <vector>

#include "cuda/algorithm.h"
#include "cuda/lt_library.h"
#include "cuda/product.h"

namespace fastintent::cuda {

/// Throws what a failed call of cuBLASLt means, as check(cudaError_t) does.
void check(cublasStatus_t status, const char* expected);

/// Bytes that an algorithm may use beside its operands.
struct LtWorkspace {
  void* data = nullptr;
  size_t bytes = 0;
};

/// Bytes on whose multiples the operands lie, rows and all.
struct LtAlignments {
  uint32_t left = 0;
  uint32_t right = 0;
  uint32_t out = 0;

  // NOLINTNEXTLINE(modernize-use-nullptr): version 14 takes the comparison's 0 for a pointer
  friend auto operator<=>(const LtAlignments&, const LtAlignments&) = default;
};

/// A product as cuBLASLt describes it. cuBLASLt's matrices are column-major, and a row-major matrix
/// is the transpose of the column-major one at the same address: so it computes
/// outᵀ = rightᵀ · leftᵀ, with A for our right side and B for our left. N is then the number of
/// rows of its D, along which it adds the bias.
class LtMatmul {
 public:
  /// Of `operands` only the strides count, and the address of the bias for its alignment.
  LtMatmul(const Product& product, const ProductSize& size, const ProductOperands& operands);
  /// The descriptions are what cuBLASLt calls opaque values: no copy is promised to work.
  LtMatmul(const LtMatmul&) = delete;
  LtMatmul& operator=(const LtMatmul&) = delete;

  /// At most `count` algorithms that do not divide K, by estimated time.
  std::vector<Algorithm> algorithms(cublasLtHandle_t handle,
                                    const LtAlignments& alignments,
                                    size_t workspace_bytes,
                                    int count);

  bool can_run(cublasLtHandle_t handle, const Algorithm& algorithm, size_t workspace_bytes);

  /// Gives the product to the stream.
  cublasStatus_t run(cublasLtHandle_t handle,
                     const Algorithm& algorithm,
                     const ProductOperands& operands,
                     const LtWorkspace& workspace,
                     cudaStream_t stream);

 private:
  float beta_;
  cublasLtMatmulDescOpaque_t operation_;
  cublasLtMatrixLayoutOpaque_t a_;
  cublasLtMatrixLayoutOpaque_t b_;
  cublasLtMatrixLayoutOpaque_t d_;
};

}  // namespace fastintent::cuda
