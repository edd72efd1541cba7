#pragma once

#include <span>

#include "compute/operands.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// As Backend::rotate.
void rotate(Workspace& workspace,
            Tensor rows,
            std::span<const int32_t> positions,
            std::span<const float> frequencies,
            Rotation direction);

}  // namespace fastintent::cuda
