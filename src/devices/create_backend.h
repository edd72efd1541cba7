#pragma once

#include <memory>

#include "compute/backend.h"
#include "fastintent/options.h"
#include "fastintent/reports.h"

namespace fastintent {

/// A backend of its own for the calling worker. `Device::automatic` takes CUDA where there is a
/// device, else the CPU; `gpu` is the number of a CUDA device and nothing to the others. Throws
/// device_missing when the device is absent or was not built in.
std::unique_ptr<Backend> create_backend(Device device, int gpu = 0);

/// GPUs that `device` may stand for: none for Device::cpu and Device::reference.
int gpu_count(Device device);

/// Memory of a GPU; of none where gpu_count(device) has no such.
GpuMemoryStats gpu_memory_stats(Device device, int gpu = 0);

/// Gives memory that this process keeps on the GPU for later use back to the driver.
void empty_gpu_cache();

}  // namespace fastintent
