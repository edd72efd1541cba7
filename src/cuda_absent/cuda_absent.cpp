#include "cuda/cuda_backend.h"
#include "fastintent/error.h"

namespace fastintent {

namespace {

[[noreturn]] void fail() {
  throw Error(ErrorCode::device_missing,
              "create_backend: expected a build with CUDA, found one without");
}

}  // namespace

std::unique_ptr<Backend> create_cuda_backend() {
  fail();
}

bool cuda_device_present() {
  return false;
}

GpuMemoryStats cuda_memory_stats() {
  fail();
}

void empty_cuda_cache() {
  fail();
}

}  // namespace fastintent
