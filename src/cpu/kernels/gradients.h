#pragma once

#include <cstdint>
#include <span>

#include "compute/backend.h"

namespace fastintent::cpu {

/// out [N] = the sum of the rows of `rows` [T,N], as `write` says.
void sum_columns(ConstTensor rows, Write write, std::span<float> out);

/// As Backend::add_rows.
void add_rows(ConstTensor d_rows, std::span<const int32_t> slots, Tensor d_table);

/// As Backend::sum_gradients: one pass over all parts.
double sum_gradients(std::span<const std::span<const float>> parts, std::span<float> out);

}  // namespace fastintent::cpu
