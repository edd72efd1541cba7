#pragma once

#include "compute/backend.h"

namespace fastintent::cpu {

/// As Backend::softmax_cross_entropy; computed in double, since a step has few rows of logits.
void softmax_cross_entropy(ConstTensor logits,
                           std::span<const int32_t> labels,
                           const CrossEntropy& options,
                           std::span<float> losses,
                           Tensor d_logits);

}  // namespace fastintent::cpu
