#pragma once

#include "compute/backend.h"

namespace fastintent::cpu {

/// out = activation(in).   in, out of one shape; out may be in
void activate(ConstTensor in, Activation activation, Tensor out);

/// d_out *= the activation's derivative at pre_activation.   both of one shape
void activate_backward(ConstTensor pre_activation, Activation activation, Tensor d_out);

}  // namespace fastintent::cpu
