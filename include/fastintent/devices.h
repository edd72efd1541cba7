#pragma once

#include <string>
#include <vector>

namespace fastintent {

/// The devices this build can use on this machine, best first, as IntentClassifier::device_name
/// tells them: "cpu (avx512)", "reference".
std::vector<std::string> device_names();

}  // namespace fastintent
