#pragma once

#include "compute/operands.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// As Backend::softmax_cross_entropy.
void softmax_cross_entropy(Workspace& workspace,
                           ConstTensor logits,
                           std::span<const int32_t> labels,
                           const CrossEntropy& options,
                           std::span<float> losses,
                           Tensor d_logits);

}  // namespace fastintent::cuda
