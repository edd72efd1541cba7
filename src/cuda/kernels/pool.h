#pragma once

#include "compute/operands.h"
#include "cuda/workspace.h"

// Arguments as in compute/backend.h, checked.
namespace fastintent::cuda {

void pool(Workspace& workspace,
          ConstTensor hidden,
          std::span<const int32_t> starts,
          Pooling pooling,
          Tensor out);

void pool_backward(Workspace& workspace,
                   ConstTensor d_out,
                   std::span<const int32_t> starts,
                   Pooling pooling,
                   Write write,
                   Tensor d_hidden);

}  // namespace fastintent::cuda
