#pragma once

#include "compute/operands.h"
#include "cuda/kernels/bucket_rows.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// out = activation(in), as Activation defines it; out may be in.   [R,N]
void activate(Workspace& workspace, ConstTensor in, Activation activation, Tensor out);

/// d_out = d_out · activation'(pre_activation).   [R,N]
void activate_backward(Workspace& workspace,
                       ConstTensor pre_activation,
                       Activation activation,
                       Tensor d_out);

/// As Backend::gate and Backend::gate_backward.
void gate(Workspace& workspace, ConstTensor in, Activation activation, Tensor out);
void gate_backward(
    Workspace& workspace, ConstTensor in, Activation activation, ConstTensor d_out, Tensor d_in);

/// values = activation(values), for consecutive rows stored as `factors`.   [rows,width]
void activate_rows(const Stream& stream,
                   Factors factors,
                   const BucketRows& rows,
                   Activation activation,
                   int64_t width,
                   void* values);

}  // namespace fastintent::cuda
