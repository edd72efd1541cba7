#pragma once

#include <compare>
#include <cstdint>
#include <memory>

#include "cpu/element.h"

namespace fastintent::cpu {

/// The memory layout of a factor [R,C], without gaps. `packed`: as pack_matrix wrote it.
enum class Layout { row_major, column_major, packed };

/// out[M,N] = a[M,K] · b[K,N], plus bias [N] when `bias`, plus the previous out when `accumulate`.
/// With `element` fp32 or bf16, sums, bias and out are f32; with int8, a is unsigned, b signed and
/// out i32 without bias. out is row-major.
struct MatmulShape {
  int64_t M = 0;
  int64_t K = 0;
  int64_t N = 0;
  Element element = Element::fp32;
  Layout a = Layout::row_major;
  Layout b = Layout::row_major;
  bool bias = false;
  bool accumulate = false;

  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the 0 in comparisons for a pointer
  auto operator<=>(const MatmulShape&) const = default;
};

/// A right factor in the order in which the library's kernels read it; shared by all threads.
using PackedMatrix = std::shared_ptr<const void>;

/// Packs an int8 b [K,N], row-major, for products of M rows.
PackedMatrix pack_matrix(const int8_t* b, int64_t M, int64_t K, int64_t N);

/// The matrix products of one backend, by oneDNN with one thread; the only file that uses it. The
/// library is loaded by the first call of what is declared here (cpu/onednn/library.h).
/// Kernels are made at the first product of a shape and shared by all threads of the process.
/// Used by one thread at a time.
class Matmul {
 public:
  Matmul();
  ~Matmul();
  Matmul(const Matmul&) = delete;
  Matmul& operator=(const Matmul&) = delete;

  void multiply(
      const MatmulShape& shape, const void* a, const void* b, const float* bias, void* out);

 private:
  struct State;
  std::unique_ptr<State> state_;  // made by the first product: prediction needs none as a rule
};

/// Whether a row's result has the same bits for every M. With AVX-512 it has; the older kernels
/// choose the order of their sums by M, so equal bits need an equal M.
bool matmul_rows_are_independent();

/// Whether products use AMX: the processor has it and the system permits it.
bool matmul_has_amx();

}  // namespace fastintent::cpu
