#pragma once

#include <memory>

#include "compute/backend.h"
#include "fastintent/options.h"

namespace fastintent {

/// A backend of its own for the calling worker. `Device::automatic` takes CUDA where there is a
/// device, else the CPU. Throws device_missing when `device` is absent or was not built in.
std::unique_ptr<Backend> create_backend(Device device);

}  // namespace fastintent
