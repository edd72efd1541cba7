#pragma once

#include <cuda_runtime_api.h>

namespace fastintent::cuda {

/// Throws what a failed call of CUDA's run time means: std::bad_alloc when memory is short, else
/// Error(device_missing) "<operation>: expected <expected>, found <CUDA's words>". An error that
/// does not last is cleared from CUDA's own memory of it.
void check(cudaError_t status, const char* operation, const char* expected);

/// Makes `device` the calling thread's current one while it lives; the one before is that of the
/// program around us (torch has its own), which finds it again. One that the process does not use
/// stays replaced: making it current would take half a gigabyte of it, for a process of its own on
/// each of eight GPUs seven times of the first.
class CurrentDevice {
 public:
  explicit CurrentDevice(int device);
  ~CurrentDevice();
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

  /// What this thread last had here; 0 at first.
  static int latest();

 private:
  int before_ = 0;
  int device_;
};

}  // namespace fastintent::cuda
