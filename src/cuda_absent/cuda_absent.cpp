#include "cuda/cuda_backend.h"
#include "fastintent/error.h"

namespace fastintent {

std::unique_ptr<Backend> create_cuda_backend() {
  throw Error(ErrorCode::device_missing,
              "create_backend: expected a build with CUDA, found one without");
}

bool cuda_device_present() {
  return false;
}

}  // namespace fastintent
