#include "checkpoint/json_document.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "base/file_writer.h"
#include "base/mapped_file.h"
#include "fastintent/error.h"

namespace fastintent {

using nlohmann::json;

namespace {

// Long enough to recognise a value in a message.
constexpr size_t kMaxShownBytes = 80;

std::string shown(const json& value) {
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  if (text.size() > kMaxShownBytes) {
    text.resize(kMaxShownBytes);
    text += "...";
  }
  return text;
}

// nullptr when absent or null.
const json* find(const json& object, std::string_view key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

[[noreturn]] void throw_wrong_type(const JsonDocument& document,
                                   std::string_view key,
                                   const char* expected,
                                   const std::string& found) {
  throw Error(
      ErrorCode::bad_checkpoint,
      fmt::format(
          "read JSON: expected {} as '{}', found {} ({})", expected, key, found, document.name()));
}

int64_t to_integer(const JsonDocument& document, std::string_view key, const json& value) {
  constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
  if (value.is_number_unsigned()) {
    const auto number = value.get<uint64_t>();
    return number > uint64_t{kLargest} ? kLargest : static_cast<int64_t>(number);
  }
  if (value.is_number_integer()) {
    return value.get<int64_t>();
  }
  if (value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>()) {
    const auto number = value.get<double>();
    if (number >= 0x1p63) {
      return kLargest;
    }
    if (number >= -0x1p63) {
      return static_cast<int64_t>(number);
    }
  }
  throw_wrong_type(document, key, "an integer", shown(value));
}

}  // namespace

JsonDocument JsonDocument::read(const std::filesystem::path& file, const NumberSink* sink) {
  const MappedFile mapped(file);
  return parse(mapped.text(), file.string(), sink);
}

JsonDocument JsonDocument::parse(std::string_view text, std::string name, const NumberSink* sink) {
  if (text.size() > kMaxJsonBytes) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("read JSON: expected at most {} bytes, found {} ({})",
                            kMaxJsonBytes,
                            text.size(),
                            name));
  }
  JsonDocument document;
  document.value_ = parse_json(text, name, /*unique_keys=*/false, sink);
  if (!document.value_.is_object()) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format("read JSON: expected an object, found {} ({})", shown(document.value_), name));
  }
  document.name_ = std::move(name);
  return document;
}

bool JsonDocument::has(std::string_view key) const {
  return find(value_, key) != nullptr;
}

int64_t JsonDocument::integer(std::string_view key) const {
  const json* value = find(value_, key);
  if (value == nullptr) {
    throw_wrong_type(*this, key, "an integer", "none");
  }
  return to_integer(*this, key, *value);
}

int64_t JsonDocument::integer_or(std::string_view key, int64_t fallback) const {
  const json* value = find(value_, key);
  return value == nullptr ? fallback : to_integer(*this, key, *value);
}

double JsonDocument::number_or(std::string_view key, double fallback) const {
  const json* value = find(value_, key);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_number()) {
    throw_wrong_type(*this, key, "a number", shown(*value));
  }
  return value->get<double>();
}

std::string JsonDocument::text_or(std::string_view key, std::string fallback) const {
  const json* value = find(value_, key);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_string()) {
    throw_wrong_type(*this, key, "a string", shown(*value));
  }
  return value->get<std::string>();
}

bool JsonDocument::boolean_or(std::string_view key, bool fallback) const {
  const json* value = find(value_, key);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_boolean()) {
    throw_wrong_type(*this, key, "true or false", shown(*value));
  }
  return value->get<bool>();
}

void write_json(const std::filesystem::path& file, const nlohmann::ordered_json& value) {
  std::string text;
  try {
    text = value.dump(2) + "\n";
  } catch (const nlohmann::ordered_json::type_error& error) {
    throw Error(
        ErrorCode::invalid_data,
        fmt::format(
            "write JSON: expected strings in UTF-8, found: {} ({})", error.what(), file.string()));
  }
  write_file(file, text);
}

}  // namespace fastintent
