#pragma once

#include "compute/operands.h"
#include "cuda/workspace.h"

// Arguments as in compute/backend.h, checked.
namespace fastintent::cuda {

void attention(Workspace& workspace, const AttentionOperands& operands, Tensor out);

void attention_backward(Workspace& workspace,
                        const AttentionOperands& operands,
                        ConstTensor d_out,
                        const AttentionGradient& gradient);

}  // namespace fastintent::cuda
