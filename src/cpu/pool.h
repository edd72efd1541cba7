#pragma once

#include "compute/backend.h"

namespace fastintent::cpu {

// As the operations of Backend.

void pool(ConstTensor hidden, std::span<const int32_t> starts, Pooling pooling, Tensor out);

void pool_backward(ConstTensor d_out,
                   std::span<const int32_t> starts,
                   Pooling pooling,
                   Write write,
                   Tensor d_hidden);

}  // namespace fastintent::cpu
