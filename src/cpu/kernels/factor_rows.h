#pragma once

#include <cstdint>

#include "compute/backend.h"
#include "cpu/factor.h"

namespace fastintent::cpu {

/// Writes rows of f32 in the element of `out`. Rows are complete words; the elements between a
/// row's end and the end of its last word are zero.
///
/// int8: q = round(x / scale) + zero, in 0 .. 255, with one scale and one zero point per row, from
/// the range of its values and 0. A row of zeros has scale 1.
void convert_rows(ConstTensor in, const Factor& out);

/// Scale and sum of a row of an int8 weight: w = scale · value; `sum` is the sum of its values.
struct WeightScale {
  float scale = 1;
  float sum = 0;
};

/// Writes a row of a weight [K] in `element`. int8: signed, value = round(w / scale), with the
/// scale that maps the largest magnitude to 127; the scale is not finite if a value of the row is
/// not.
WeightScale convert_weight_row(const float* row, int64_t columns, Element element, uint32_t* out);

/// Normalises `rows` in place (Ba et al. 2016) and writes them to `out`, each row while it is in
/// the L1 cache.
void normalize_rows(Tensor rows, const LayerNorm& layer_norm, const Factor& out);

}  // namespace fastintent::cpu
