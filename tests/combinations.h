#pragma once

#include <cstdlib>
#include <string_view>

namespace fastintent {

/// Whether a test tries every combination of its settings, as the nightly run requests with
/// FASTINTENT_TEST_COMBINATIONS=all. Elsewhere it tries a sample that has each value of each setting.
inline bool every_combination() {
  const char* requested = std::getenv("FASTINTENT_TEST_COMBINATIONS");
  return requested != nullptr && std::string_view(requested) == "all";
}

}  // namespace fastintent
