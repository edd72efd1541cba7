#pragma once

#include <cstdint>

#include "compute/backend.h"
#include "cpu/factor.h"

namespace fastintent::cpu {

/// Writes rows of f32 in the element of `out`. Rows are whole words; what lies between a row's own
/// elements and the end of its last word is zero.
///
/// int8: q = round(x / scale) + zero with one scale and one zero point a row, of the range of its
/// values and 0, in 0 .. 255. A row of zeros has scale 1.
void convert_rows(ConstTensor in, const Factor& out);

/// Of a row of an int8 weight: w = scale · value, `sum` that of its values.
struct WeightScale {
  float scale = 1;
  float sum = 0;
};

/// Writes a row of a weight [K] in `element`. int8: signed, value = round(w / scale) with the scale
/// that makes the largest 127; not finite when a value of the row is not.
WeightScale convert_weight_row(const float* row, int64_t columns, Element element, uint32_t* out);

/// Normalises `rows` in place (Ba et al. 2016) and writes them to `out`, a row at a time while it
/// is in the L1 cache.
void normalize_rows(Tensor rows, const LayerNorm& layer_norm, const Factor& out);

}  // namespace fastintent::cpu
