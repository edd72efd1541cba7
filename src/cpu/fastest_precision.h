#pragma once

#include "fastintent/options.h"

namespace fastintent::cpu {

/// Whether bf16 products are faster than f32 ones here, under the instruction set in use.
bool bf16_pays();

/// As Backend::fastest_precision.
PrecisionChoice fastest_precision();

}  // namespace fastintent::cpu
