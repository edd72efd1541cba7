#include "model/config_numbers.h"

#include <fmt/format.h>

#include <limits>

#include "fastintent/error.h"

namespace fastintent {

void fail_setting(const JsonDocument& config,
                  std::string_view key,
                  std::string_view expected,
                  std::string_view found) {
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("{}: {}: expected {}, found {}", config.name(), key, expected, found));
}

int64_t size_of(const JsonDocument& config,
                std::string_view key,
                int64_t largest,
                int64_t fallback) {
  const int64_t value = config.integer_or(key, fallback);
  if (value < 1 || value > largest) {
    fail_setting(config, key, fmt::format("1 to {}", largest), fmt::format("{}", value));
  }
  return value;
}

float rate_of(const JsonDocument& config, std::string_view key, double fallback) {
  const double value = config.number_or(key, fallback);
  if (!(value >= 0 && value <= 1)) {
    fail_setting(config, key, "a rate from 0 to 1", fmt::format("{}", value));
  }
  return static_cast<float>(value);
}

float deviation_of(const JsonDocument& config, std::string_view key, double fallback) {
  const auto value = static_cast<float>(config.number_or(key, fallback));
  if (!(value >= 0 && value <= std::numeric_limits<float>::max())) {
    fail_setting(config, key, "a finite number from 0 on", fmt::format("{}", value));
  }
  return value;
}

void refuse_setting(const JsonDocument& config, std::string_view key) {
  if (!config.has(key)) {
    return;
  }
  const nlohmann::json& value = config.value().at(std::string(key));
  const bool is_off = value.is_structured() ? value.empty() : value == false;
  if (!is_off) {
    fail_setting(config,
                 key,
                 "none, since the encoder does not follow this setting",
                 value.is_structured() ? "values" : value.dump().substr(0, kMaxShown));
  }
}

void require_text(const JsonDocument& config, std::string_view key, std::string_view expected) {
  const std::string found = config.text_or(key, std::string(expected));
  if (found != expected) {
    fail_setting(config, key, fmt::format("\"{}\"", expected), fmt::format("\"{}\"", found));
  }
}

}  // namespace fastintent
