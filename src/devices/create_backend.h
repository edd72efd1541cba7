#pragma once

#include <memory>

#include "compute/backend.h"
#include "fastintent/options.h"
#include "fastintent/reports.h"

namespace fastintent {

/// Creates a separate backend for the calling worker. `Device::automatic` uses CUDA if there is a
/// device, else the CPU; `gpu` is the number of a CUDA device, ignored by the other devices. Throws
/// device_missing when the device is absent or was not built in.
std::unique_ptr<Backend> create_backend(Device device, int gpu = 0);

/// Number of GPUs that `device` may refer to: 0 for Device::cpu and Device::reference.
int gpu_count(Device device);

/// Returns the memory of a GPU; the result has no GPU when `gpu` is not below gpu_count(device).
GpuMemoryStats gpu_memory_stats(Device device, int gpu = 0);

/// Returns GPU memory that this process keeps for later use to the driver.
void empty_gpu_cache();

}  // namespace fastintent
