#pragma once

#include <iostream>
#include <string>
#include <vector>

#include "devices/create_backend.h"
#include "fastintent/error.h"

namespace fastintent {

/// Every device that this build and machine have, but the reference.
inline std::vector<Device> devices_under_test() {
  std::vector<Device> devices{Device::cpu};
  try {
    create_backend(Device::cuda);
    devices.push_back(Device::cuda);
  } catch (const Error& missing) {
    std::cout << "no tests on cuda: " << missing.what() << "\n";
  }
  return devices;
}

inline std::vector<Device> devices_and_reference() {
  std::vector<Device> devices = devices_under_test();
  devices.push_back(Device::reference);
  return devices;
}

inline std::string device_word(Device device) {
  if (device == Device::reference) {
    return "reference";
  }
  return device == Device::cpu ? "cpu" : "cuda";
}

}  // namespace fastintent
