#pragma once

#include "compute/operands.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// sums[c], written as `write` says, = sum of rows[r][c] over r, in an order that depends on R
/// alone. Uses Workspace::scratch.   rows [R,N]
void sum_columns(Workspace& workspace, ConstTensor rows, Write write, std::span<float> sums);

/// The last pass of such sums: adds `partials` [count, N]. The first columns are those of `first`,
/// then follow those of `second` (or empty).
void add_partial_sums(Workspace& workspace,
                      const float* partials,
                      int64_t count,
                      Write write,
                      std::span<float> first,
                      std::span<float> second);

/// As Backend::sum_gradients; waits for the device.
double sum_gradients(Workspace& workspace,
                     std::span<const std::span<const float>> parts,
                     std::span<float> out);

}  // namespace fastintent::cuda
