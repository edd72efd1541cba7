#pragma once

#include <compare>
#include <cstdint>
#include <tuple>

namespace fastintent::cuda {

/// How the factors of a product are stored and multiplied: tf32 is stored as f32 and loses 13 bits
/// when the tensor cores read it. Sums are f32 in all of them.
enum class Factors { fp32, tf32, fp16, bf16 };

/// Bytes of a stored factor.
constexpr int64_t bytes_of(Factors factors) {
  return factors == Factors::fp32 || factors == Factors::tf32 ? 4 : 2;
}

/// Whether the factors are stored as fp16 or bf16.
constexpr bool in_16_bits(Factors factors) {
  return bytes_of(factors) == 2;
}

/// Applied to the product before it is stored. gelu_tanh is the tanh form of GELU (Hendrycks &
/// Gimpel 2016), which the library can compute inside the product.
enum class Epilogue { none, bias, bias_gelu_tanh };

/// The type in which the product is stored: that of the factors, or f32.
enum class Result { factors, fp32 };

/// out[M,N] = epilogue(left · right + bias), or added to out; all row-major.
struct Product {
  Factors factors = Factors::fp32;
  bool transpose_left = false;   ///< left is stored as [K,M] instead of [M,K]
  bool transpose_right = false;  ///< right is stored as [N,K] instead of [K,N]: a forward weight
  Epilogue epilogue = Epilogue::none;
  Result result = Result::factors;
  bool accumulate = false;  ///< add to `out`; only with Epilogue::none

  auto parts() const {
    return std::tie(factors, transpose_left, transpose_right, epilogue, result, accumulate);
  }

  // NOLINTNEXTLINE(modernize-use-nullptr): version 14 takes the comparison's 0 for a pointer
  friend auto operator<=>(const Product&, const Product&) = default;
};

struct ProductSize {
  int64_t M = 0;
  int64_t N = 0;
  int64_t K = 0;
};

/// On the device. Strides in values, between the stored rows of a matrix.
struct ProductOperands {
  const void* left = nullptr;
  int64_t left_stride = 0;
  const void* right = nullptr;
  int64_t right_stride = 0;
  const void* bias = nullptr;  ///< [N] in the type of `out`; only with an epilogue that adds it
  void* out = nullptr;
  int64_t out_stride = 0;
};

}  // namespace fastintent::cuda
