#pragma once

#include <cstdlib>
#include <string_view>

namespace fastintent {

/// FASTINTENT_TEST_COMBINATIONS, or an empty text.
inline std::string_view requested_combinations() {
  const char* requested = std::getenv("FASTINTENT_TEST_COMBINATIONS");
  return requested != nullptr ? requested : "";
}

/// Whether a test tries every combination of its settings, as the nightly run requests with
/// FASTINTENT_TEST_COMBINATIONS=all. Elsewhere it tries a sample that has each value of each setting.
inline bool every_combination() {
  return requested_combinations() == "all";
}

/// Whether a test of all golden models tries one for each kind of layers, as the sanitizers of CI request with
/// FASTINTENT_TEST_COMBINATIONS=kinds: memory and threads do not depend on the other models' values.
inline bool one_model_of_each_kind() {
  return requested_combinations() == "kinds";
}

}  // namespace fastintent
