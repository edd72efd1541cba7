#pragma once

#include <vector>

#include "fastintent/options.h"

namespace fastintent::cpu {

/// Whether bf16 products are faster than f32 ones here, under the instruction set in use.
bool bf16_pays();

/// Whether int8 products of many rows use oneDNN, whose kernels use AMX if the processor has it.
bool int8_uses_amx();

/// As DeviceTraits::fast.
std::vector<PrecisionChoice> fast_precisions();

}  // namespace fastintent::cpu
