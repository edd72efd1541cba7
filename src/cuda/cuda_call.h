#pragma once

#include <cuda_runtime_api.h>

namespace fastintent::cuda {

/// Throws the error of a failed call of CUDA's runtime: std::bad_alloc when memory is short, else
/// Error(device_missing) "<operation>: expected <expected>, found <CUDA's words>". An error that
/// does not persist is cleared, so that later calls of CUDA do not return it again.
void check(cudaError_t status, const char* operation, const char* expected);

/// Makes `device` the calling thread's current device while this object lives. The previous device
/// belongs to the program around us (torch has its own) and is restored afterwards. A previous
/// device that the process does not use is not restored: making it current would allocate half a
/// gigabyte on it, for one process on each of eight GPUs seven times on the first GPU.
class CurrentDevice {
 public:
  explicit CurrentDevice(int device);
  ~CurrentDevice();
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

  /// The device that this thread last set here; 0 at first.
  static int latest();

 private:
  int before_ = 0;
  int device_;
};

}  // namespace fastintent::cuda
