#include "cuda/cuda_call.h"
#include "cuda/device_code.h"
#include "cuda/runtime.h"

namespace fastintent::cuda {
namespace {

// A kernel has to request shared memory beyond this size.
constexpr int64_t kSharedBytesForAll = 48 * 1024;

// Always requests all that the device has, which costs nothing by itself. A smaller request could
// undo that of another thread that is about to launch the same kernel.
void allow_shared_bytes(const void* kernel, int device) {
  int most = 0;
  check(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device),
        "launch",
        "the size of the shared memory");
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, most),
        "launch",
        "a kernel that this device can run");
}

__global__ void do_nothing() {}

}  // namespace

void require_code_for(int device) {
  const CurrentDevice current(device);
  cudaFuncAttributes found{};
  check(cudaFuncGetAttributes(&found, do_nothing),
        "device",
        "a GPU of a kind that this program was built for");
}

void launch_kernel(const Stream& stream,
                   const void* kernel,
                   const Launch& shape,
                   void** arguments) {
  if (shape.blocks == 0) {
    return;
  }
  const CurrentDevice current(stream.device());
  if (shape.shared_bytes > kSharedBytesForAll) {
    allow_shared_bytes(kernel, stream.device());
  }
  check(cudaLaunchKernel(kernel,
                         dim3(static_cast<unsigned>(shape.blocks)),
                         dim3(static_cast<unsigned>(shape.threads)),
                         arguments,
                         static_cast<size_t>(shape.shared_bytes),
                         static_cast<cudaStream_t>(stream.native())),
        "launch",
        "a kernel to start");
}

}  // namespace fastintent::cuda
