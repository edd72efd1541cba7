#pragma once

#include <memory>
#include <vector>

#include "compute/backend.h"
#include "fastintent/reports.h"

// Devices count from 0 in the order in which CUDA lists them (CUDA_VISIBLE_DEVICES chooses).
namespace fastintent {

/// CUDA devices here; 0 without a driver, or in a build without CUDA.
int cuda_device_count();

/// Throws device_missing when there is no such device or the build has no CUDA.
std::unique_ptr<Backend> create_cuda_backend(int device);

/// Memory of one device. Throws as create_cuda_backend does.
GpuMemoryStats cuda_memory_stats(int device);

/// Returns memory kept for later use to the driver. Throws as create_cuda_backend does.
void empty_cuda_cache(int device);

}  // namespace fastintent
