#include <fmt/format.h>

#include <algorithm>

#include "api/classifier_state.h"
#include "devices/create_backend.h"

namespace fastintent {
namespace {

// "2 x NVIDIA H100", or the names of GPUs that differ.
std::string joint_name(const std::vector<std::string>& names) {
  if (std::ranges::count(names, names.front()) < std::ssize(names)) {
    return fmt::format("{}", fmt::join(names, ", "));
  }
  return names.size() == 1 ? names.front() : fmt::format("{} x {}", names.size(), names.front());
}

}  // namespace

GpuMemoryStats IntentClassifier::get_gpu_memory_stats() const {
  const Placement& placement = state_->placement;
  if (placement.gpus().empty()) {
    return {};
  }
  GpuMemoryStats sum{.gpu_available = true, .free_memory_gb = 0};
  std::vector<std::string> names;
  for (const int gpu : placement.gpus()) {
    const GpuMemoryStats one = gpu_memory_stats(Device::cuda, gpu);
    names.push_back(one.device_name);
    sum.total_memory_gb += one.total_memory_gb;
    sum.allocated_memory_gb += one.allocated_memory_gb;
    sum.cached_memory_gb += one.cached_memory_gb;
    sum.free_memory_gb += one.free_memory_gb;
  }
  sum.device_name = joint_name(names);
  return sum;
}

void IntentClassifier::empty_gpu_cache() {
  fastintent::empty_gpu_cache();
}

}  // namespace fastintent
