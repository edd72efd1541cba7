#include "request_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/parse_json.h"
#include "base/utf8.h"
#include "fastintent/printable.h"

namespace fastintent::serve {
namespace {

using nlohmann::json;

// Characters of a message: one sentence, with a name from the request.
constexpr size_t kMaxMessageCharacters = 300;

std::string describe(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return "null";
    case json::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    case json::value_t::string:
      return "a text";
    case json::value_t::array:
      return "an array";
    case json::value_t::object:
      return "an object";
    default:
      return "the number " + value.dump();
  }
}

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  std::ranges::transform(small, small.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return small;
}

}  // namespace

void RequestValue::refuse(const std::string& expected) const {
  refuse(expected, describe(*json_));
}

void RequestValue::refuse(const std::string& expected, const std::string& found) const {
  throw RequestError(Failure::invalid_request,
                     printable(fmt::format("expected {}, found {} ({})", expected, found, place()),
                               kMaxMessageCharacters));
}

const std::string& RequestValue::text() const {
  if (!json_->is_string()) {
    refuse("a text");
  }
  return json_->get_ref<const std::string&>();
}

bool RequestValue::boolean() const {
  if (!json_->is_boolean()) {
    refuse("true or false");
  }
  return json_->get<bool>();
}

int64_t RequestValue::whole_number(int64_t lowest, int64_t highest) const {
  const bool is_in_range = json_->is_number_unsigned()
                               ? json_->get<uint64_t>() <= static_cast<uint64_t>(highest)
                               : json_->is_number_integer();
  if (!is_in_range || json_->get<int64_t>() < lowest || json_->get<int64_t>() > highest) {
    refuse(fmt::format("a whole number from {} to {}", lowest, highest));
  }
  return json_->get<int64_t>();
}

size_t RequestValue::size() const {
  if (!json_->is_array()) {
    refuse("an array");
  }
  return json_->size();
}

RequestValue RequestValue::item(size_t i) const {
  RequestValue item((*json_)[i], place());
  item.item_ = i;
  return item;
}

std::vector<std::string> RequestValue::texts() const {
  std::vector<std::string> texts;
  texts.reserve(size());
  for (size_t i = 0; i < size(); ++i) {
    texts.push_back(item(i).text());
  }
  return texts;
}

std::string RequestValue::place() const {
  return item_ ? fmt::format("{}[{}]", place_, *item_) : place_;
}

std::vector<std::string> RequestValue::text_or_texts() const {
  if (is_text()) {
    return {text()};
  }
  if (!is_array()) {
    refuse("a text or an array of texts");
  }
  std::vector<std::string> read = texts();
  refuse_empty(read, place());
  return read;
}

std::optional<RequestValue> RequestValue::find(const char* key) const {
  if (!json_->is_object()) {
    refuse("an object");
  }
  const auto member = json_->find(key);
  if (member == json_->end()) {
    return std::nullopt;
  }
  return RequestValue(*member, place_ == "body" ? key : fmt::format("{}.{}", place(), key));
}

std::optional<RequestValue> RequestValue::find_not_null(const char* key) const {
  auto member = find(key);
  return member && member->is_null() ? std::nullopt : member;
}

RequestValue RequestValue::at(const char* key) const {
  auto member = find(key);
  if (!member) {
    refuse(fmt::format("a member \"{}\"", key), "none");
  }
  return *std::move(member);
}

JsonTree parse_request(std::string_view json) try {
  const JsonRules rules{
      .unique_keys = true, .error = ErrorCode::invalid_argument, .operation = "read the request"};
  if (valid_utf8_prefix(json) == json.size()) {
    return parse_json(json, "body", rules);
  }
  return parse_json(replace_invalid_utf8(json), "body", rules);
} catch (const Error& error) {
  throw RequestError(Failure::invalid_request, printable(error.what(), kMaxMessageCharacters));
}

JsonTree parse_body(const HttpRequest& request) {
  refuse_content_encoding(request);
  const std::string type = media_type(request);
  // `curl --data` calls its body a form unless told otherwise, and some clients send no type.
  const bool is_json = type.empty() || type == "application/json" || type.ends_with("+json") ||
                       type == "application/x-www-form-urlencoded";
  if (!is_json) {
    throw RequestError(
        Failure::unsupported_media,
        printable(fmt::format("expected the Content-Type application/json, found {}", type),
                  kMaxMessageCharacters));
  }
  return parse_request(request.body);
}

RequestValue root_object(const JsonTree& tree) {
  RequestValue root(*tree, "body");
  if (!root.is_object()) {
    root.refuse("an object");
  }
  return root;
}

void refuse_content_encoding(const HttpRequest& request) {
  const auto encoding = request.header("Content-Encoding");
  if (encoding && in_small_letters(*encoding) != "identity") {
    throw RequestError(Failure::unsupported_media,
                       "expected a body without Content-Encoding, found one; send it uncompressed");
  }
}

std::string media_type(const HttpRequest& request) {
  std::string_view type = request.header("Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) {
    type.remove_suffix(1);
  }
  return in_small_letters(type);
}

void refuse_empty(const std::vector<std::string>& texts, const std::string& place) {
  if (texts.empty()) {
    throw RequestError(Failure::empty_request,
                       fmt::format("expected at least one text, found none ({})", place));
  }
}

}  // namespace fastintent::serve
