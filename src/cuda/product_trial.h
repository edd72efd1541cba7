#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cuda/algorithm_choice.h"
#include "cuda/lt_matmul.h"
#include "cuda/runtime.h"

namespace fastintent::cuda {

/// Products that use the same algorithm: everything on which cuBLASLt's choice depends, with the
/// rows of the batch rounded up. The rows are M, or K if the left side is transposed: the gradient
/// of a weight sums over the rows.
struct ProductCase {
  Product product;
  int64_t bucket = 0;  ///< rows of the batch, at most kLargestRowBucket
  int64_t N = 0;
  int64_t other = 0;  ///< the one of M and K that is not the batch's
  int64_t left_stride = 0;
  int64_t right_stride = 0;
  int64_t out_stride = 0;
  LtAlignments alignments;
  uint32_t bias_alignment = 0;

  // NOLINTNEXTLINE(modernize-use-nullptr): version 14 takes the comparison's 0 for a pointer
  friend auto operator<=>(const ProductCase&, const ProductCase&) = default;
};

ProductCase case_of(const Product& product,
                    const ProductSize& size,
                    const ProductOperands& operands);

/// A name for everything in the case except its bucket.
std::string name_of(const ProductCase& product_case);

/// Tries algorithms on a stream's device, with its own data.
class ProductTrial final : public AlgorithmTrial {
 public:
  ProductTrial(const Stream& stream,
               cublasLtHandle_t handle,
               const LtWorkspace& workspace,
               const ProductCase& product_case)
      : stream_(stream), handle_(handle), workspace_(workspace), case_(product_case) {}

  Algorithm anchor() override;
  std::vector<Algorithm> candidates() override;
  bool same_bits(const Algorithm& candidate, const Algorithm& anchor) override;
  double seconds(const Algorithm& algorithm) override;

 private:
  /// Operands with as many rows as are compared.
  struct Data {
    DeviceMemory left;
    DeviceMemory right;
    DeviceMemory bias;
    DeviceMemory expected;  // the anchor's result
    DeviceMemory found;
    std::optional<Algorithm> expected_of;
  };

  int64_t rows_to_compare() const;
  ProductSize size_for(int64_t rows) const;
  const void* bias() const;
  ProductOperands operands_into(const DeviceMemory& out) const;
  cublasStatus_t run(const Algorithm& algorithm, int64_t rows, const DeviceMemory& out) const;
  Data& data();

  const Stream& stream_;
  cublasLtHandle_t handle_;
  LtWorkspace workspace_;
  ProductCase case_;
  std::optional<Data> data_;
};

}  // namespace fastintent::cuda
