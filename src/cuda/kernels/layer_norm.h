#pragma once

#include "compute/dropout.h"
#include "compute/operands.h"
#include "cuda/workspace.h"

// Arguments as in compute/backend.h, checked.
namespace fastintent::cuda {

void add_and_normalize(Workspace& workspace,
                       ConstTensor in,
                       ConstTensor residual,
                       const LayerNorm& layer_norm,
                       const Dropout& dropout,
                       Tensor out,
                       const NormalizedRows& keep,
                       Tensor sum);

void add_and_normalize_backward(Workspace& workspace,
                                const NormalizedRows& kept,
                                std::span<const float> scale,
                                const Dropout& dropout,
                                ConstTensor d_out,
                                Tensor d_in,
                                Tensor d_residual,
                                const NormGradient& gradient,
                                ConstTensor d_sum);

/// The backward of out = dropout(layer_norm(in)).
void normalize_backward(Workspace& workspace,
                        const NormalizedRows& kept,
                        std::span<const float> scale,
                        const Dropout& dropout,
                        ConstTensor d_out,
                        Tensor d_in,
                        const NormGradient& gradient);

}  // namespace fastintent::cuda
