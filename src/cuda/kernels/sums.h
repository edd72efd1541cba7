#pragma once

#include "compute/operands.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// sums[c], written as `write` says, = sum of rows[r][c] over r; in a fixed order.   rows [R,N]
void sum_columns(Workspace& workspace, ConstTensor rows, Write write, std::span<float> sums);

/// As Backend::sum_gradients; waits for the device.
double sum_gradients(Workspace& workspace,
                     std::span<const std::span<const float>> parts,
                     std::span<float> out);

}  // namespace fastintent::cuda
