#include "devices/create_process_group.h"

#include <fmt/format.h>

#include "cuda/cuda_process_group.h"
#include "devices/create_backend.h"
#include "fastintent/error.h"

namespace fastintent {

void require_group_device(const LaunchedProcess& process, Device device) {
  if (process.size == 1 || device == Device::cuda || gpu_count(device) > 0) {
    return;
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("train: expected the device cuda for {} processes that train together "
                          "(WORLD_SIZE of torchrun, or mpirun's), found {}",
                          process.size,
                          device == Device::reference ? "reference" : "cpu"));
}

std::unique_ptr<ProcessGroup> create_process_group(const LaunchedProcess& process,
                                                   const Rendezvous& rendezvous,
                                                   int gpu) {
  if (process.size == 1) {
    return std::make_unique<SingleProcess>();
  }
  return create_cuda_process_group(process, rendezvous, gpu);
}

}  // namespace fastintent
