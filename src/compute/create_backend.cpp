#include "compute/create_backend.h"

#include "cpu/cpu_backend.h"
#include "cuda/cuda_backend.h"
#include "fastintent/error.h"
#include "reference/reference_backend.h"

namespace fastintent {

// The one place that knows every backend. src/cuda or src/cuda_absent supplies create_cuda_backend,
// whichever was linked.
std::unique_ptr<Backend> create_backend(Device device) {
  switch (device) {
    case Device::automatic:
      return cuda_device_present() ? create_cuda_backend() : create_cpu_backend();
    case Device::cpu:
      return create_cpu_backend();
    case Device::cuda:
      return create_cuda_backend();
    case Device::reference:
      return create_reference_backend();
  }
  throw Error(ErrorCode::invalid_argument, "create_backend: unknown device");
}

GpuMemoryStats gpu_memory_stats(Device device) {
  const bool may_be_cuda = device == Device::automatic || device == Device::cuda;
  return may_be_cuda && cuda_device_present() ? cuda_memory_stats() : GpuMemoryStats();
}

void empty_gpu_cache() {
  if (cuda_device_present()) empty_cuda_cache();
}

}  // namespace fastintent
