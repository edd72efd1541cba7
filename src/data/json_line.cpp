#include "data/json_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "base/utf8.h"

namespace fastintent {
namespace {

using nlohmann::json;
using Names = std::vector<std::string>;

// Keys that are kept for a message.
constexpr size_t kMaxKeys = 10;

// Receives the parser's events. Each function returns whether to continue.
class MemberReader final : public nlohmann::json_sax<json> {
 public:
  MemberReader(const Names& text_names, const Names& label_names)
      : text_{text_names, &line_.text}, label_{label_names, &line_.label} {}

  JsonLine take_line() { return std::move(line_); }

  bool null() override { return add("null"); }
  bool boolean(bool /*value*/) override { return add("boolean"); }
  bool number_integer(int64_t value) override { return add("number", std::to_string(value)); }
  bool number_unsigned(uint64_t value) override { return add("number", std::to_string(value)); }
  bool number_float(double /*value*/, const std::string& /*text*/) override {
    return add("number");
  }
  bool string(std::string& value) override { return add("string", std::move(value)); }
  bool binary(json::binary_t& /*value*/) override { return true; }  // JSON has none

  bool key(std::string& key) override {
    if (depth_ == 1) {
      if (line_.keys.size() < kMaxKeys) {
        line_.keys.push_back(key);
      }
      text_.see(key);
      label_.see(key);
    }
    return true;
  }

  bool start_object(size_t /*size*/) override { return open("object"); }
  bool start_array(size_t /*size*/) override {
    return depth_ == 0 ? refuse("array") : open("array");
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool parse_error(size_t /*position*/,
                   const std::string& /*token*/,
                   const json::exception& /*error*/) override {
    return refuse("invalid JSON");
  }

 private:
  // The member with the best of some names.
  struct Wanted {
    const Names& names;
    JsonMember* member;
    size_t best = SIZE_MAX;  // place of its name
    bool is_next = false;    // the next value is the member's

    void see(const std::string& key) {
      const auto place =
          static_cast<size_t>(std::find(names.begin(), names.end(), key) - names.begin());
      is_next = place < names.size() && place <= best;
      best = is_next ? place : best;
    }
    void set(const char* type, const std::optional<std::string>& value) {
      if (is_next) {
        *member = {type, value.has_value(), value.value_or("")};
        is_next = false;
      }
    }
  };

  bool refuse(std::string problem) {
    line_.problem = std::move(problem);
    return false;
  }

  bool add(const char* type, const std::optional<std::string>& value = std::nullopt) {
    if (depth_ == 0) {
      return refuse(type);
    }
    if (depth_ == 1) {
      text_.set(type, value);
      label_.set(type, value);
    }
    return true;
  }

  bool open(const char* type) {
    if (depth_ == kMaxJsonDepth) {  // values that no text is in are only checked
      return refuse(fmt::format("more than {} nested values", kMaxJsonDepth));
    }
    if (depth_ > 0) {
      add(type);
    }
    ++depth_;
    return true;
  }

  bool close() {
    --depth_;
    return true;
  }

  JsonLine line_;
  Wanted text_;
  Wanted label_;
  int depth_ = 0;
};

// The names of numbers that JSON has not, but Python writes; the longer one first.
constexpr std::string_view kNoNumbers[] = {"-Infinity", "Infinity", "NaN"};

// The characters of such a name at the beginning of `text`; 0: there is none.
size_t no_number(std::string_view text) {
  for (const std::string_view name : kNoNumbers) {
    if (text.starts_with(name)) {
      return name.size();
    }
  }
  return 0;
}

// The code unit of an escape "\uXXXX" at the beginning of `text`, if there is one.
std::optional<unsigned> escaped_unit(std::string_view text) {
  constexpr size_t kDigits = 4;
  unsigned unit = 0;
  if (!text.starts_with("\\u") || text.size() < 2 + kDigits) {
    return std::nullopt;
  }
  const char* const end = text.data() + 2 + kDigits;
  const auto [rest, error] = std::from_chars(text.data() + 2, end, unit, 16);
  return error == std::errc() && rest == end ? std::optional(unit) : std::nullopt;
}

}  // namespace

JsonLine read_json_line(std::string_view line, const Names& text_names, const Names& label_names) {
  MemberReader reader(text_names, label_names);
  json::sax_parse(line, &reader);
  return reader.take_line();
}

std::string repaired_json_line(std::string_view line) {
  constexpr size_t kEscape = 6;  // characters of "\uXXXX"
  const auto is_high = [](std::optional<unsigned> unit) { return unit && *unit >> 10 == 0x36; };
  const auto is_low = [](std::optional<unsigned> unit) { return unit && *unit >> 10 == 0x37; };
  const std::string valid = replace_invalid_utf8(line);
  std::string repaired;
  bool in_string = false;
  for (std::string_view rest = valid; !rest.empty();) {
    const std::optional<unsigned> unit = escaped_unit(rest);
    size_t taken = 1;
    if (is_high(unit) && is_low(escaped_unit(rest.substr(kEscape)))) {
      taken = 2 * kEscape;
    } else if (unit) {
      taken = kEscape;
    } else if (rest[0] == '\\') {
      taken = std::min<size_t>(2, rest.size());  // the next character is no backslash of an escape
    }
    in_string = in_string != (rest[0] == '"');
    if (const size_t name = in_string ? 0 : no_number(rest); name > 0) {
      taken = name;
      repaired += "null";
    } else if (taken == kEscape && (is_high(unit) || is_low(unit))) {
      repaired += "\\ufffd";
    } else if (rest[0] == '\0') {
      repaired += "\\u0000";
    } else {
      repaired += rest.substr(0, taken);
    }
    rest.remove_prefix(taken);
  }
  return repaired;
}

}  // namespace fastintent
