#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../dialect.h"
#include "base/json_tree.h"

namespace fastintent::serve {

/// A value in the JSON of a request, with its place: each function that expects something throws
/// RequestError with "expected X, found Y (place)". Refers to the JSON, which must outlive it.
class RequestValue {
 public:
  RequestValue(const nlohmann::json& json, std::string place)
      : json_(&json), place_(std::move(place)) {}

  bool is_text() const { return json_->is_string(); }
  bool is_array() const { return json_->is_array(); }
  bool is_object() const { return json_->is_object(); }
  bool is_null() const { return json_->is_null(); }

  const std::string& text() const;
  bool boolean() const;
  /// A number without a fraction from `lowest` to `highest`.
  int64_t whole_number(int64_t lowest, int64_t highest) const;

  /// Items of an array.
  size_t size() const;
  /// An item of the array; `i` is less than size().
  RequestValue item(size_t i) const;
  /// An array of texts.
  std::vector<std::string> texts() const;
  /// A text, or an array of at least one.
  std::vector<std::string> text_or_texts() const;

  /// The member of an object; none where it is absent.
  std::optional<RequestValue> find(const char* key) const;
  /// Likewise, and none where it is null, for protocols whose members may be.
  std::optional<RequestValue> find_not_null(const char* key) const;
  /// The member of an object that must have it.
  RequestValue at(const char* key) const;

  /// Throws that this value is not `expected`.
  [[noreturn]] void refuse(const std::string& expected) const;
  /// Throws that this value is not `expected` but `found`.
  [[noreturn]] void refuse(const std::string& expected, const std::string& found) const;

 private:
  std::string place() const;

  const nlohmann::json* json_;
  std::string place_;           // of the value, or of the array that it is an item of
  std::optional<size_t> item_;  // is not written into the place before a message needs it
};

/// Parses JSON within the limits of base/parse_json; no object may repeat a key. Bytes that are not
/// UTF-8 are read as U+FFFD, as the command line reads them.
JsonTree parse_request(std::string_view json);

/// The JSON in the body of a request. A Content-Type that says that it is something else is refused
/// as unsupported_media, as is any Content-Encoding.
JsonTree parse_body(const HttpRequest& request);

/// Its root, which must be an object.
RequestValue root_object(const JsonTree& tree);

/// Refuses a body that is compressed.
void refuse_content_encoding(const HttpRequest& request);

/// The Content-Type without its parameters, in small letters; empty where there is none.
std::string media_type(const HttpRequest& request);

/// Throws empty_request where there are no texts.
void refuse_empty(const std::vector<std::string>& texts, const std::string& place);

}  // namespace fastintent::serve
