#include "text/json_section.h"

#include <fmt/format.h>

#include <utility>

#include "fastintent/error.h"

namespace fastintent {

using nlohmann::json;

namespace {

// Long enough to recognise a value in a message.
constexpr size_t kMaxShownBytes = 60;

std::string shown(const json& value) {
  if (value.is_object() || value.is_array()) {
    return fmt::format("an {} of {}", value.type_name(), value.size());
  }
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  if (text.size() > kMaxShownBytes) {
    text.resize(kMaxShownBytes);
    text += "...";
  }
  return text;
}

}  // namespace

JsonSection::JsonSection(const json& value, std::string path, const std::string& file)
    : value_(value), path_(std::move(path)), file_(file) {
  if (!value_.is_object()) {
    throw Error(ErrorCode::bad_checkpoint,
                fmt::format("read tokenizer: expected an object as '{}', found {} ({})",
                            path_,
                            shown(value_),
                            file_));
  }
}

bool JsonSection::has(const char* key) const {
  const auto found = value_.find(key);
  return found != value_.end() && !found->is_null();
}

JsonSection JsonSection::section(const char* key) const {
  return {at(key, "an object"), path(key), file_};
}

const json& JsonSection::array(const char* key) const {
  const json& found = at(key, "an array");
  if (!found.is_array()) {
    fail(key, "an array");
  }
  return found;
}

std::string JsonSection::text(const char* key) const {
  const json& found = at(key, "a string");
  if (!found.is_string()) {
    fail(key, "a string");
  }
  return found.get<std::string>();
}

std::string JsonSection::text_or(const char* key, const char* fallback) const {
  return has(key) ? text(key) : fallback;
}

bool JsonSection::boolean_or(const char* key, bool fallback) const {
  if (!has(key)) {
    return fallback;
  }
  const json& found = at(key, "true or false");
  if (!found.is_boolean()) {
    fail(key, "true or false");
  }
  return found.get<bool>();
}

int64_t JsonSection::integer(const char* key) const {
  const json& found = at(key, "an integer");
  if (!found.is_number_integer()) {
    fail(key, "an integer");
  }
  return found.get<int64_t>();
}

std::string JsonSection::path(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

void JsonSection::fail(const std::string& key, const char* expected) const {
  const auto found = value_.find(key);
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("read tokenizer: expected {} as '{}', found {} ({})",
                          expected,
                          path(key),
                          found == value_.end() ? "none" : shown(*found),
                          file_));
}

const json& JsonSection::at(const char* key, const char* expected) const {
  const auto found = value_.find(key);
  if (found == value_.end()) {
    fail(key, expected);
  }
  return *found;
}

bool is_token_id(uint64_t number) {
  // Half of the ids, so that added tokens after them cannot overflow.
  constexpr uint64_t kMaxId = uint64_t{1} << 30;
  return number < kMaxId;
}

bool is_token_id(const json& value) {
  return value.is_number_unsigned() && is_token_id(value.get<uint64_t>());
}

}  // namespace fastintent
