#pragma once

#include <string_view>

namespace fastintent::cpu {

/// The instruction set of kernels and matrix products: the widest that this processor has, or the
/// one named by FASTINTENT_FORCE_ISA (sse4, avx2, avx512, neon). The environment is read once, at
/// the first call; every backend makes this call before its first kernel runs. Safe from many
/// threads. Throws device_missing when the forced set is unknown or absent.
std::string_view instruction_set();

}  // namespace fastintent::cpu
