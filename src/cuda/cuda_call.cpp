#include "cuda/cuda_call.h"

#include <fmt/format.h>

#include <new>

#include "base/shared_library.h"
#include "fastintent/error.h"

namespace fastintent::cuda {
namespace {

thread_local int g_latest_device = 0;

// After one of these errors every later call of the process fails in the same way.
bool lasts(cudaError_t status) {
  switch (status) {
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorIllegalInstruction:
    case cudaErrorHardwareStackError:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable:
      return true;
    default:
      return false;
  }
}

// Asks the driver, since the runtime, which has loaded it, has no such query.
bool is_in_use(int device) {
  using Device = int;  // CUdevice
  struct Driver {
    SharedLibrary library{"libcuda.so.1", "device", ErrorCode::device_missing};
    int (*get_device)(Device*, int number) = library["cuDeviceGet"];
    int (*get_state)(Device, unsigned* flags, int* active) = library["cuDevicePrimaryCtxGetState"];
  };
  static const Driver driver;
  Device handle = 0;
  unsigned flags = 0;
  int active = 0;
  return driver.get_device(&handle, device) == 0 &&
         driver.get_state(handle, &flags, &active) == 0 && active != 0;
}

}  // namespace

void check(cudaError_t status, const char* operation, const char* expected) {
  if (status == cudaSuccess) {
    return;
  }
  cudaGetLastError();
  if (status == cudaErrorMemoryAllocation) {
    throw std::bad_alloc();
  }
  throw Error(ErrorCode::device_missing,
              fmt::format("{}: expected {}, found {} ({}){}",
                          operation,
                          expected,
                          cudaGetErrorString(status),
                          cudaGetErrorName(status),
                          lasts(status) ? "; this process cannot use the GPU any more" : ""));
}

CurrentDevice::CurrentDevice(int device) : device_(device) {
  check(cudaGetDevice(&before_), "device", "a CUDA device");
  if (before_ != device_) {
    if (!is_in_use(before_)) {
      before_ = device_;
    }
    check(cudaSetDevice(device_), "device", "a CUDA device");
  }
  g_latest_device = device_;
}

CurrentDevice::~CurrentDevice() {
  // A destructor cannot report an error; the next call will fail.
  if (before_ != device_ && cudaSetDevice(before_) != cudaSuccess) {
    cudaGetLastError();
  }
}

int CurrentDevice::latest() {
  return g_latest_device;
}

}  // namespace fastintent::cuda
