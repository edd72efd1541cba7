#pragma once

#include "compute/tensor.h"
#include "cuda/product.h"
#include "cuda/runtime.h"

namespace fastintent::cuda {

/// Converts rows of f32 to consecutive factors of 16 bits (fp16 or bf16).   in [R,K], out [R,K]
void convert_rows(const Stream& stream, ConstTensor in, Factors factors, void* out);

}  // namespace fastintent::cuda
