#pragma once

#include <span>

#include "compute/operands.h"
#include "cuda/cuda_weight.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// out = epilogue(in · weightᵀ + bias), for rows one behind the other in the weight's factors.
/// in [rows,K], out [rows,N] as `result` says, bias [N] in the type of `out`
void multiply_rows(Workspace& workspace,
                   int64_t rows,
                   const void* in,
                   const CudaWeight& weight,
                   Epilogue epilogue,
                   const void* bias,
                   Result result,
                   void* out);

/// Arguments as in compute/backend.h, checked. Tensors are f32; in 16 bits the factors of a product
/// are converted before it.
void linear(Workspace& workspace,
            ConstTensor in,
            const CudaWeight& weight,
            std::span<const float> bias,
            Activation activation,
            Tensor out,
            Tensor pre_activation);

void linear_backward(Workspace& workspace,
                     ConstTensor in,
                     const CudaWeight& weight,
                     Activation activation,
                     ConstTensor pre_activation,
                     Tensor d_out,
                     const LinearGradient& gradient);

}  // namespace fastintent::cuda
