#pragma once

#include "compute/backend.h"
#include "cpu/element.h"

namespace fastintent::cpu {

/// Sums of a tile [rows,columns] within a product; the rows are `stride` sums apart. f32, or i32
/// for int8.
struct TileSums {
  const uint32_t* values = nullptr;
  int64_t stride = 0;
  Element element = Element::fp32;
};

/// The values that convert int8 sums to f32: (sum - zero · column_sum) · row_scale · column_scale.
/// row_scales, zeros [R] of the tile's rows · column_scales, column_sums [C] of its columns
struct Int8Scales {
  const float* row_scales = nullptr;
  const float* zeros = nullptr;
  const float* column_scales = nullptr;
  const float* column_sums = nullptr;
};

/// out = activation(sums + bias) + residual.   bias [C] or null, residual [R,C] or empty, out [R,C]
void finish_tile(const TileSums& sums,
                 const Int8Scales& scales,
                 const float* bias,
                 Activation activation,
                 ConstTensor residual,
                 Tensor out);

}  // namespace fastintent::cpu
