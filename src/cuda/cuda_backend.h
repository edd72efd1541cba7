#pragma once

#include <memory>

#include "compute/backend.h"
#include "fastintent/reports.h"

namespace fastintent {

/// Throws device_missing when there is no CUDA device or the build has no CUDA.
std::unique_ptr<Backend> create_cuda_backend();

/// Whether create_cuda_backend() can succeed.
bool cuda_device_present();

/// Memory of the device in use. Throws as create_cuda_backend does.
GpuMemoryStats cuda_memory_stats();

/// Gives memory kept for later use back to the driver. Throws as create_cuda_backend does.
void empty_cuda_cache();

}  // namespace fastintent
