#pragma once

#include <memory>

#include "cuda/product.h"
#include "cuda/runtime.h"

namespace fastintent::cuda {

/// Throws device_missing if cuBLASLt is not installed.
void require_products();

/// Matrix products on one stream, by cuBLASLt. Its algorithms never divide the sum over K, so that
/// a row's result does not depend on M (law 2). For another M, only an algorithm is used whose
/// result was seen to have the same bits (cuda/algorithm_choice.h). One thread at a time.
class Products {
 public:
  /// Allocates device memory at the first product.
  explicit Products(const Stream& stream);
  ~Products();
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;

  /// M = 0 or N = 0 does nothing; K = 0 sums nothing and allows no epilogue. The first call for a
  /// product and a bucket of rows (row_buckets.h) tries algorithms, which waits for the stream. A
  /// capture cannot try any, so every product should have run once before it is captured.
  void multiply(const Product& product, const ProductSize& size, const ProductOperands& operands);

 private:
  struct State;
  State& state();

  const Stream& stream_;
  std::unique_ptr<State> state_;
};

}  // namespace fastintent::cuda
