#include "devices/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "devices/create_backend.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

std::vector<int> gpus_in_use(Device device, std::optional<int> gpu) {
  if (gpu) {
    return {*gpu};
  }
  std::vector<int> all(static_cast<size_t>(gpu_count(device)));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

int workers_on(const Backend& device, int gpus, int threads) {
  if (gpus == 0) {
    return threads;
  }
  if (threads > 0) {
    return std::max(threads, gpus);
  }
  return gpus * std::max(1, device.traits().work_sizes.prediction_workers);
}

}  // namespace

void require_gpu_device(const char* operation, Device device, std::optional<int> gpu) {
  if (!gpu || device == Device::cuda) {
    return;
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("{}: gpu: expected the device cuda beside it, found another for GPU {}",
                          operation,
                          *gpu));
}

Placement::Placement(Device device, std::optional<int> gpu, int threads)
    : kind_(device),
      gpus_(gpus_in_use(device, gpu)),
      device_(create_backend(0)),
      workers_(workers_on(*device_, static_cast<int>(gpus_.size()), threads)) {}

std::unique_ptr<Backend> Placement::create_backend(int worker) const {
  const int gpu = gpus_.empty() ? 0 : gpus_[static_cast<size_t>(worker) % gpus_.size()];
  return fastintent::create_backend(kind_, gpu);
}

}  // namespace fastintent
