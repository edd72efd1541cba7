#pragma once

#include <array>
#include <compare>
#include <cstdint>

namespace fastintent::cuda {

/// How a library multiplies, in its own encoding: cublasLtMatmulAlgo_t, which may be stored and
/// reused with the same version of the library.
struct Algorithm {
  std::array<uint64_t, 8> words{};

  // NOLINTNEXTLINE(modernize-use-nullptr): version 14 takes the comparison's 0 for a pointer
  friend auto operator<=>(const Algorithm&, const Algorithm&) = default;
};

}  // namespace fastintent::cuda
