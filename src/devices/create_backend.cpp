#include "devices/create_backend.h"

#include "cpu/cpu_backend.h"
#include "cuda/cuda_backend.h"
#include "reference/reference_backend.h"

namespace fastintent {

// The only file that knows every backend. Names that begin with cuda or create_cuda are defined in
// src/cuda or src/cuda_absent, depending on which one is linked.
namespace {

bool takes_cuda(Device device) {
  return device == Device::cuda || (device == Device::automatic && cuda_device_count() > 0);
}

}  // namespace

std::unique_ptr<Backend> create_backend(Device device, int gpu) {
  if (takes_cuda(device)) {
    return create_cuda_backend(gpu);
  }
  if (device == Device::reference) {
    return create_reference_backend();
  }
  return create_cpu_backend();
}

int gpu_count(Device device) {
  return takes_cuda(device) ? cuda_device_count() : 0;
}

GpuMemoryStats gpu_memory_stats(Device device, int gpu) {
  return gpu < gpu_count(device) ? cuda_memory_stats(gpu) : GpuMemoryStats();
}

void empty_gpu_cache() {
  for (int gpu = 0; gpu < cuda_device_count(); ++gpu) {
    empty_cuda_cache(gpu);
  }
}

}  // namespace fastintent
