#include "model/config_numbers.h"

#include <fmt/format.h>

#include "fastintent/error.h"

namespace fastintent {

int64_t size_of(const JsonDocument& config, std::string_view key, int64_t largest) {
  const int64_t value = config.integer(key);
  if (value < 1 || value > largest) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format("{}: {}: expected 1 to {}, found {}", config.name(), key, largest, value));
  }
  return value;
}

float rate_of(const JsonDocument& config, std::string_view key, double fallback) {
  const double value = config.number_or(key, fallback);
  if (!(value >= 0 && value < 1)) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format(
            "{}: {}: expected a rate from 0 to below 1, found {}", config.name(), key, value));
  }
  return static_cast<float>(value);
}

void require_text(const JsonDocument& config, std::string_view key, std::string_view expected) {
  const std::string found = config.text_or(key, std::string(expected));
  if (found != expected) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format("{}: {}: expected \"{}\", found \"{}\"", config.name(), key, expected, found));
  }
}

}  // namespace fastintent
