#pragma once

#include <cstdint>

#include "compute/backend.h"

namespace fastintent::cpu {

/// Queries of one head whose probabilities are held at a time: the memory of attention grows with
/// the length of a sequence, not with its square.
constexpr int64_t kQueryBlock = 32;

/// Floats of scratch, aligned for vectors, that attention and its backward need for heads of
/// `width` and sequences up to the longest of `key_starts`. `biased_heads`: the number of heads, if
/// they have a distance bias; else 0.
int64_t attention_scratch(std::span<const int32_t> key_starts, int64_t width, int64_t biased_heads);

/// As Backend::attention.
void attention(const AttentionOperands& operands, Tensor out, float* scratch);

/// As Backend::attention_backward.
void attention_backward(const AttentionOperands& operands,
                        ConstTensor d_out,
                        const AttentionGradient& gradient,
                        float* scratch);

}  // namespace fastintent::cpu
