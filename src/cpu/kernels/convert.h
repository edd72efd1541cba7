#pragma once

#include <cstdint>

#include "compute/tensor.h"

namespace fastintent::cpu {

// in [R,C], out of the same shape and without gaps between rows unless it is a Tensor. bf16 is the
// upper half of an f32, rounded to nearest, ties to even; NaN stays NaN.

void convert_to_bf16(ConstTensor in, uint16_t* out);
/// Rounds to bf16 and stores the values as f32. out may be in.
void round_to_bf16(ConstTensor in, Tensor out);
void copy_rows(ConstTensor in, Tensor out);
void clear_rows(Tensor out);
/// out += in
void add_to(ConstTensor in, Tensor out);

}  // namespace fastintent::cpu
