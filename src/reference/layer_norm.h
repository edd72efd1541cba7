#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/backend.h"
#include "reference/sums.h"

namespace fastintent::reference {

/// Normalises `row` [H] in place: (row - mean) / sqrt(variance + epsilon) · scale + shift, with the
/// population variance. Writes the values that backward needs to row `t` of `keep`.
void normalize_row(std::vector<double>& row,
                   const LayerNorm& layer_norm,
                   int64_t t,
                   const NormalizedRows& keep);

/// Turns `row` [H], the gradient of row t's output, into that of its input; adds to d_scale and
/// d_shift, both [1,H].
void normalize_row_backward(std::vector<double>& row,
                            const NormalizedRows& kept,
                            std::span<const float> scale,
                            int64_t t,
                            Sums& d_scale,
                            Sums& d_shift);

}  // namespace fastintent::reference
