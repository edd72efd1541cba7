#pragma once

#include <cstddef>

#include "compute/tensor.h"
#include "cuda/runtime.h"

namespace fastintent::cuda {

/// Device memory. If it is short, memory that the pool keeps for later use is returned first.
/// Throws out_of_resources.
DeviceMemory allocate(int device, size_t bytes);
/// Allocates `roomy` bytes, or `bytes` if that many are not available.
DeviceMemory allocate_at_best(int device, size_t roomy, size_t bytes);

/// Zeros.
void clear(const Stream& stream, Tensor out);

}  // namespace fastintent::cuda
