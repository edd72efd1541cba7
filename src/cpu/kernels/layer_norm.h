#pragma once

#include "compute/backend.h"

namespace fastintent::cpu {

/// out = layer_norm(dropout(in) + residual), as Backend::add_and_normalize.
void add_and_normalize(ConstTensor in,
                       ConstTensor residual,
                       const LayerNorm& layer_norm,
                       const Dropout& dropout,
                       Tensor out,
                       const NormalizedRows& keep,
                       Tensor sum);

/// As Backend::add_and_normalize_backward, except that it adds to the gradient's d_scale and d_shift
/// [H], both of which are there.
void add_and_normalize_backward(const NormalizedRows& kept,
                                std::span<const float> scale,
                                const Dropout& dropout,
                                ConstTensor d_out,
                                Tensor d_in,
                                Tensor d_residual,
                                const NormGradient& gradient,
                                ConstTensor d_sum);

}  // namespace fastintent::cpu
