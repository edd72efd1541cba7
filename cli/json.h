#pragma once

#include <concepts>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fastintent/prediction.h"

namespace fastintent::cli {

/// `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD, so that the
/// line stays valid JSON.
std::string json_string(std::string_view text);

/// `text` with U+FFFD for bytes that are not UTF-8, as in json_string.
std::string valid_utf8(std::string_view text);

/// Bytes of a line that an earlier run of this program wrote; a line of its training log has about
/// 200.
constexpr size_t kMaxLogLineBytes = 4096;

/// Reads such a line. Throws nlohmann::json::exception unless it is JSON of at most
/// `kMaxLogLineBytes`, whose values cannot nest deep enough to matter.
nlohmann::json parse_log_line(std::string_view line);

/// The shortest text that reads back as the same number; null where JSON has none (NaN, infinity).
std::string json_number(float value);
std::string json_number(double value);

/// Writes a JSON object on one line, member by member in the order of the calls.
class JsonObject {
 public:
  JsonObject& text(std::string_view key, std::string_view value) {
    return add(key, json_string(value));
  }
  JsonObject& number(std::string_view key, std::integral auto value) {
    return add(key, std::to_string(value));
  }
  JsonObject& number(std::string_view key, std::floating_point auto value) {
    return add(key, json_number(value));
  }
  /// null where there is none
  JsonObject& number(std::string_view key, const std::optional<double>& value) {
    return add(key, value ? json_number(*value) : "null");
  }
  JsonObject& boolean(std::string_view key, bool value) {
    return add(key, value ? "true" : "false");
  }
  /// null where there is none
  JsonObject& object(std::string_view key, const std::optional<JsonObject>& value) {
    return add(key, value ? value->line() : "null");
  }
  JsonObject& array(std::string_view key, std::span<const JsonObject> values);

  /// The object, without the end of the line.
  std::string line() const { return "{" + members_ + "}"; }

 private:
  JsonObject& add(std::string_view key, std::string_view value);

  std::string members_;
};

/// One line (without its end) of `predict`:
/// {"text","intent","confidence","needs_review","alternatives":[{"intent","confidence"},...]}, with
/// "truncated":true where the text was cut and "logits" where there are any, or {"text","error"}.
std::string prediction_line(std::string_view text, const IntentPrediction& prediction);

/// The beginning of every line of `predict` for `text`.
std::string prediction_line_start(std::string_view text);

}  // namespace fastintent::cli
