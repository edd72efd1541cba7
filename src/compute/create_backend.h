#pragma once

#include <memory>

#include "compute/backend.h"
#include "fastintent/options.h"
#include "fastintent/reports.h"

namespace fastintent {

/// A backend of its own for the calling worker. `Device::automatic` takes CUDA where there is a
/// device, else the CPU. Throws device_missing when `device` is absent or was not built in.
std::unique_ptr<Backend> create_backend(Device device);

/// Memory of the GPU that `device` may stand for; of none for Device::cpu and Device::reference.
GpuMemoryStats gpu_memory_stats(Device device);

/// Gives memory that this process keeps on the GPU for later use back to the driver.
void empty_gpu_cache();

}  // namespace fastintent
