#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "checkpoint/parse_json.h"

namespace fastintent {

// A JSON object read from a file, with typed access whose errors name file, key, expected and
// found.
// NOLINTNEXTLINE(bugprone-exception-escape): moving nlohmann's json only asserts
class JsonDocument {
 public:
  /// Throws missing_input when the file is absent, bad_checkpoint when it is not a JSON object,
  /// nests too deeply or is larger than `kMaxJsonBytes`. `sink` as in parse_json.
  static JsonDocument read(const std::filesystem::path& file, const NumberSink* sink = nullptr);
  /// `name` names the file in messages.
  static JsonDocument parse(std::string_view text,
                            std::string name,
                            const NumberSink* sink = nullptr);

  /// Each throws bad_checkpoint when the value has another type; the _or forms give `fallback` when
  /// it is absent or null. A whole number written as a float is an integer; one that 64 bits do not
  /// hold counts as the largest (transformers writes 1e30 for "no maximum length").
  bool has(std::string_view key) const;  ///< present and not null
  int64_t integer(std::string_view key) const;
  int64_t integer_or(std::string_view key, int64_t fallback) const;
  double number_or(std::string_view key, double fallback) const;
  std::string text_or(std::string_view key, std::string fallback) const;
  bool boolean_or(std::string_view key, bool fallback) const;

  const nlohmann::json& value() const { return value_; }
  const std::string& name() const { return name_; }

 private:
  nlohmann::json value_;
  std::string name_;
};

/// The tokenizer.json of a multilingual model is about 17 MB; no file of a checkpoint has ten times
/// that.
constexpr size_t kMaxJsonBytes = size_t{200} << 20;

/// Pretty-printed with two spaces, fsynced. Keeps the order of an ordered_json. Throws
/// cannot_create, io_error; invalid_data for a string that is not UTF-8.
void write_json(const std::filesystem::path& file, const nlohmann::ordered_json& value);

}  // namespace fastintent
