#include "cuda/cuda_backend.h"
#include "cuda/cuda_process_group.h"
#include "fastintent/error.h"

namespace fastintent {

namespace {

[[noreturn]] void fail() {
  throw Error(ErrorCode::device_missing,
              "create_backend: expected a build with CUDA, found one without");
}

}  // namespace

std::unique_ptr<Backend> create_cuda_backend(int /*device*/) {
  fail();
}

int cuda_device_count() {
  return 0;
}

GpuMemoryStats cuda_memory_stats(int /*device*/) {
  fail();
}

void empty_cuda_cache(int /*device*/) {
  fail();
}

std::unique_ptr<ProcessGroup> create_cuda_process_group(const LaunchedProcess& /*process*/,
                                                        const Rendezvous& /*rendezvous*/,
                                                        int /*device*/) {
  fail();
}

}  // namespace fastintent
