#pragma once

#include <memory>

#include "compute/backend.h"

namespace fastintent {

/// Throws device_missing when there is no CUDA device or the build has no CUDA.
std::unique_ptr<Backend> create_cuda_backend();

/// Whether create_cuda_backend() can succeed.
bool cuda_device_present();

}  // namespace fastintent
