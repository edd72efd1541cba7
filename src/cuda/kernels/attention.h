#pragma once

#include "compute/dropout.h"
#include "compute/operands.h"
#include "cuda/workspace.h"

// Arguments as in compute/backend.h, checked.
namespace fastintent::cuda {

void attention(Workspace& workspace,
               ConstTensor q,
               ConstTensor k,
               ConstTensor v,
               const AttentionSpans& spans,
               int64_t heads,
               const Dropout& dropout,
               Tensor out);

void attention_backward(Workspace& workspace,
                        ConstTensor q,
                        ConstTensor k,
                        ConstTensor v,
                        const AttentionSpans& spans,
                        int64_t heads,
                        const Dropout& dropout,
                        ConstTensor d_out,
                        Tensor d_q,
                        Tensor d_k,
                        Tensor d_v);

}  // namespace fastintent::cuda
