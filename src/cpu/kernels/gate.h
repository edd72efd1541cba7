#pragma once

#include "compute/backend.h"

namespace fastintent::cpu {

/// As Backend::gate.
void gate(ConstTensor in, Activation activation, Tensor out);

/// As Backend::gate_backward.
void gate_backward(ConstTensor in, Activation activation, ConstTensor d_out, Tensor d_in);

}  // namespace fastintent::cpu
