#pragma once

#include <string>
#include <vector>

#include "compute/create_backend.h"

namespace fastintent {

/// Every device that this build and machine have, but the reference.
inline std::vector<Device> devices_under_test() {
  std::vector<Device> devices{Device::cpu};
  if (gpu_count(Device::cuda) > 0) devices.push_back(Device::cuda);
  return devices;
}

inline std::vector<Device> devices_and_reference() {
  std::vector<Device> devices = devices_under_test();
  devices.push_back(Device::reference);
  return devices;
}

inline std::string device_word(Device device) {
  if (device == Device::reference) return "reference";
  return device == Device::cpu ? "cpu" : "cuda";
}

}  // namespace fastintent
