#pragma once

#include <string_view>

namespace fastintent::cpu {

/// The instruction set that kernels and matrix products run on: the widest this processor has, or
/// the one named by FASTINTENT_FORCE_ISA (sse4, avx2, avx512, neon). Read once, at the first call;
/// every backend asks before its first kernel runs. Safe from many threads.
/// Throws device_missing when the forced set is unknown or absent.
std::string_view instruction_set();

}  // namespace fastintent::cpu
