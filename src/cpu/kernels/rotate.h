#pragma once

#include <span>

#include "compute/backend.h"

namespace fastintent::cpu {

/// As Backend::rotate.
void rotate(Tensor rows,
            std::span<const int32_t> positions,
            std::span<const float> frequencies,
            Rotation direction);

}  // namespace fastintent::cpu
