#pragma once

#include <cstddef>

#include "compute/tensor.h"
#include "cuda/runtime.h"

namespace fastintent::cuda {

/// Memory of a device. Where it is short, what the pool keeps for later use is given back first.
/// Throws out_of_resources.
DeviceMemory allocate(int device, size_t bytes);
/// `roomy` bytes, or where they are not to be had `bytes`.
DeviceMemory allocate_at_best(int device, size_t roomy, size_t bytes);

/// Zeros.
void clear(const Stream& stream, Tensor out);

}  // namespace fastintent::cuda
