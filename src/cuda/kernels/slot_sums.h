#pragma once

#include "compute/operands.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// sums[s], written as `write` says, = sum of rows[t] over all t with slots[t] = s, in an order
/// that depends on t and their number alone. Uses Workspace::scratch.
/// rows [T,H], slots [T] host memory, sums [slots,H]
void sum_slots(Workspace& workspace,
               ConstTensor rows,
               std::span<const int32_t> slots,
               Write write,
               Tensor sums);

}  // namespace fastintent::cuda
