#pragma once

#include "compute/dropout.h"
#include "compute/tensor.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// out = dropout(in); out may be in.
void apply_dropout(Workspace& workspace, ConstTensor in, const Dropout& dropout, Tensor out);

}  // namespace fastintent::cuda
