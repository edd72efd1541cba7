#pragma once

#include <string>
#include <vector>

#include "fastintent/options.h"

namespace fastintent {

/// The devices this build can use on this machine, best first, as IntentClassifier::device_name
/// tells them: "cpu (avx512)", "reference".
std::vector<std::string> device_names();

/// The precision that `automatic` stands for on `device`, and why: it follows from the device's
/// features alone, so that every process chooses alike. Throws device_missing.
PrecisionChoice fastest_precision(Device device = Device::automatic);

}  // namespace fastintent
