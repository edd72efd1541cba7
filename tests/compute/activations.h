#pragma once

#include "compute/operands.h"

namespace fastintent {

/// All activations, for tests of what they have in common.
constexpr Activation kActivations[] = {Activation::none,
                                       Activation::gelu,
                                       Activation::gelu_tanh,
                                       Activation::relu,
                                       Activation::silu,
                                       Activation::quick_gelu,
                                       Activation::tanh};

}  // namespace fastintent
