#include "checkpoint/json_document.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

#include "base/file_writer.h"
#include "fastintent/error.h"

namespace fastintent {

using nlohmann::json;

namespace {

std::string shown(const json& value, const JsonErrorStyle& style) {
  if (!style.shows_containers && value.is_structured()) {
    return fmt::format("an {} of {}", value.type_name(), value.size());
  }
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  if (text.size() > style.max_shown_bytes) {
    text.resize(style.max_shown_bytes);
    text += "...";
  }
  return text;
}

// nullptr when absent or null.
const json* find(const json& object, std::string_view key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

}  // namespace

JsonDocument JsonDocument::read(const std::filesystem::path& file, const JsonSinks& sinks) {
  return parse(OpenedFile(file).text(kMaxJsonBytes), file.string(), sinks);
}

JsonDocument JsonDocument::read(const SnapshotPath& file, const JsonSinks& sinks) {
  return parse(*file.text(kMaxJsonBytes), file.string(), sinks);
}

JsonDocument JsonDocument::read_or_empty(const SnapshotPath& file) {
  return file.exists() ? read(file) : parse("{}", file.string());
}

JsonDocument JsonDocument::parse(std::string_view text, std::string name, const JsonSinks& sinks) {
  JsonDocument document;
  JsonTree value = parse_json(text, name, {.sinks = sinks});
  if (!value->is_object()) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("{}: expected an object, found {} ({})",
                            document.style_.operation,
                            shown(*value, document.style_),
                            name));
  }
  const auto owner = std::make_shared<const JsonTree>(std::move(value));
  document.value_ = std::shared_ptr<const json>(owner, &**owner);
  document.name_ = std::move(name);
  return document;
}

JsonDocument JsonDocument::with_errors(const JsonErrorStyle& style) const {
  JsonDocument document = *this;
  document.style_ = style;
  return document;
}

bool JsonDocument::has(std::string_view key) const {
  return find(*value_, key) != nullptr;
}

int64_t JsonDocument::integer(std::string_view key) const {
  return to_integer(key, at(key, "an integer"));
}

int64_t JsonDocument::integer_or(std::string_view key, int64_t fallback) const {
  const json* value = find(*value_, key);
  return value == nullptr ? fallback : to_integer(key, *value);
}

double JsonDocument::number_or(std::string_view key, double fallback) const {
  const json* value = find(*value_, key);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_number()) {
    fail(key, "a number");
  }
  return value->get<double>();
}

std::string JsonDocument::text(std::string_view key) const {
  const json& value = at(key, "a string");
  if (!value.is_string()) {
    fail(key, "a string");
  }
  return value.get<std::string>();
}

std::string JsonDocument::text_or(std::string_view key, std::string fallback) const {
  return has(key) ? text(key) : std::move(fallback);
}

bool JsonDocument::boolean_or(std::string_view key, bool fallback) const {
  const json* value = find(*value_, key);
  if (value == nullptr) {
    return fallback;
  }
  if (!value->is_boolean()) {
    fail(key, "true or false");
  }
  return value->get<bool>();
}

const json& JsonDocument::array(std::string_view key) const {
  const json& value = at(key, "an array");
  if (!value.is_array()) {
    fail(key, "an array");
  }
  return value;
}

std::vector<std::string> JsonDocument::texts(std::string_view key,
                                             std::string_view expected) const {
  std::vector<std::string> texts;
  const auto add = [&](const json& value) {
    if (!value.is_string()) {
      fail(key, expected);
    }
    texts.push_back(value.get<std::string>());
  };
  const json& value = at(key, expected);
  if (!value.is_array()) {
    add(value);
    return texts;
  }
  for (const json& item : value) {
    add(item);
  }
  return texts;
}

JsonDocument JsonDocument::section(std::string_view key) const {
  return section(key, at(key, "an object"));
}

JsonDocument JsonDocument::section(std::string_view key, const json& value) const {
  if (!value.is_object()) {
    fail(key, "an object", shown(value, style_));
  }
  JsonDocument section = *this;
  section.value_ = std::shared_ptr<const json>(value_, &value);
  section.path_ = path(key);
  return section;
}

std::string JsonDocument::path(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void JsonDocument::fail(std::string_view key, std::string_view expected) const {
  const auto found = value_->find(key);
  fail(key, expected, found == value_->end() ? "none" : shown(*found, style_));
}

const json& JsonDocument::at(std::string_view key, std::string_view expected) const {
  const auto found = value_->find(key);
  if (found == value_->end()) {
    fail(key, expected);
  }
  return *found;
}

int64_t JsonDocument::to_integer(std::string_view key, const json& value) const {
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
  fail(key, "an integer");
}

void JsonDocument::fail(std::string_view key,
                        std::string_view expected,
                        const std::string& found) const {
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("{}: expected {} as '{}', found {} ({})",
                          style_.operation,
                          expected,
                          path(key),
                          found,
                          name_));
}

std::string json_text(const JsonTree& value, const std::string& name) try {
  return value->dump(2) + "\n";
} catch (const json::type_error& error) {
  throw Error(
      ErrorCode::invalid_data,
      fmt::format("write JSON: expected strings in UTF-8, found: {} ({})", error.what(), name));
}

std::string json_text(const JsonWriter& document) {
  return document.text() + "\n";
}

void write_json(const std::filesystem::path& file, const JsonWriter& document) {
  write_file(file, json_text(document));
}

}  // namespace fastintent
