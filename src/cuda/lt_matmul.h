#pragma once

#include <vector>

#include "cuda/algorithm.h"
#include "cuda/lt_library.h"
#include "cuda/product.h"

namespace fastintent::cuda {

/// Throws the error of a failed cuBLASLt call, as check(cudaError_t) does.
void check(cublasStatus_t status, const char* expected);

/// Bytes that an algorithm may use in addition to its operands.
struct LtWorkspace {
  void* data = nullptr;
  size_t bytes = 0;
};

/// The alignment of the operands in bytes, valid for every row.
struct LtAlignments {
  uint32_t left = 0;
  uint32_t right = 0;
  uint32_t out = 0;

  // NOLINTNEXTLINE(modernize-use-nullptr): version 14 takes the comparison's 0 for a pointer
  friend auto operator<=>(const LtAlignments&, const LtAlignments&) = default;
};

/// A product as cuBLASLt describes it. cuBLASLt's matrices are column-major, and a row-major matrix
/// is the transpose of the column-major one at the same address. So cuBLASLt computes
///   outᵀ = rightᵀ · leftᵀ,
/// where its A is our right side and its B our left side. N is then the number of rows of its D,
/// along which it adds the bias.
class LtMatmul {
 public:
  /// Of `operands` only the strides are used, and the address of the bias for its alignment.
  LtMatmul(const Product& product, const ProductSize& size, const ProductOperands& operands);
  /// Not copyable: cuBLASLt calls the descriptions opaque and does not promise that copies work.
  LtMatmul(const LtMatmul&) = delete;
  LtMatmul& operator=(const LtMatmul&) = delete;

  /// At most `count` algorithms that do not divide K, by estimated time.
  std::vector<Algorithm> algorithms(cublasLtHandle_t handle,
                                    const LtAlignments& alignments,
                                    size_t workspace_bytes,
                                    int count);

  bool can_run(cublasLtHandle_t handle, const Algorithm& algorithm, size_t workspace_bytes);

  /// Submits the product to the stream.
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
