#pragma once

#include <fmt/format.h>

#include "fastintent/error.h"

namespace fastintent {

/// Throws invalid_argument, with what was expected and found, unless `good`.
template <typename Number>
void require_option(
    const char* operation, bool good, const char* name, const char* expected, Number found) {
  if (!good) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("{}: {}: expected {}, found {}", operation, name, expected, found));
  }
}

}  // namespace fastintent
