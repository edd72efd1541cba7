#include "fastintent/devices.h"

#include <charconv>

#include "compute/precisions.h"
#include "devices/create_backend.h"

namespace fastintent {

std::optional<DeviceChoice> parse_device(std::string_view name) {
  if (name == "auto") {
    return DeviceChoice{Device::automatic, {}};
  }
  if (name == "cpu") {
    return DeviceChoice{Device::cpu, {}};
  }
  if (name == "cuda") {
    return DeviceChoice{Device::cuda, {}};
  }
  if (name == "reference") {
    return DeviceChoice{Device::reference, {}};
  }
  constexpr std::string_view kOneGpu = "cuda:";
  if (!name.starts_with(kOneGpu)) {
    return std::nullopt;
  }
  const std::string_view digits = name.substr(kOneGpu.size());
  int gpu = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), gpu);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (!whole || gpu < 0) {
    return std::nullopt;
  }
  return DeviceChoice{Device::cuda, gpu};
}

int gpu_count() {
  return gpu_count(Device::cuda);
}

std::vector<std::string> device_names() {
  const int gpus = gpu_count();
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(gpus) + 2);
  for (int gpu = 0; gpu < gpus; ++gpu) {
    names.emplace_back(create_backend(Device::cuda, gpu)->name());
  }
  for (const Device device : {Device::cpu, Device::reference}) {
    names.emplace_back(create_backend(device)->name());
  }
  return names;
}

std::vector<Precision> precisions(Device device) {
  return precisions_of(*create_backend(device));
}

PrecisionChoice fastest_precision(Device device) {
  return create_backend(device)->traits().fastest();
}

}  // namespace fastintent
