#pragma once

#include "compute/dropout.h"
#include "compute/tensor.h"

namespace fastintent::cpu {

/// out = dropout(in); element (t, h) has the index t · H + h.   in, out [T,H]; out may be in
void apply_dropout(ConstTensor in, Dropout dropout, Tensor out);

}  // namespace fastintent::cpu
