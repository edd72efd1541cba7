#include "fastintent/devices.h"

#include "compute/create_backend.h"
#include "fastintent/error.h"

namespace fastintent {

std::vector<std::string> device_names() {
  std::vector<std::string> names;
  for (const Device device : {Device::cuda, Device::cpu, Device::reference}) {
    try {
      names.emplace_back(create_backend(device)->name());
    } catch (const Error& error) {
      if (error.code() != ErrorCode::device_missing) throw;
    }
  }
  return names;
}

PrecisionChoice fastest_precision(Device device) {
  return create_backend(device)->fastest_precision();
}

}  // namespace fastintent
