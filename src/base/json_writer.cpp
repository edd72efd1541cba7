#include "base/json_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "fastintent/error.h"

namespace fastintent {

using nlohmann::json;

namespace {

// Whether the text needs no escapes and no check: most names and texts, which are written several
// times as fast so.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

}  // namespace

void JsonWriter::begin_line() {
  if (layout_ == Layout::indented) {
    text_ += '\n';
    text_.append(2 * depth_, ' ');
  }
}

void JsonWriter::begin_value() {
  if (follows_key_) {
    follows_key_ = false;
    return;
  }
  if (!is_first_) {
    text_ += ',';
  }
  if (depth_ > 0) {
    begin_line();
  }
}

void JsonWriter::begin(char bracket) {
  begin_value();
  text_ += bracket;
  ++depth_;
  is_first_ = true;
}

void JsonWriter::end(char bracket) {
  --depth_;
  if (!is_first_) {
    begin_line();
  }
  text_ += bracket;
  is_first_ = false;
}

void JsonWriter::write(std::string_view scalar) {
  begin_value();
  text_ += scalar;
  is_first_ = false;
}

void JsonWriter::key(std::string_view name) {
  value(name);
  text_ += layout_ == Layout::indented ? ": " : ":";
  follows_key_ = true;
}

void JsonWriter::value(std::string_view text) {
  if (is_plain(text)) {
    write("\"");
    text_ += text;
    text_ += '"';
    return;
  }
  const auto handler = invalid_ == Invalid::replaced ? json::error_handler_t::replace
                                                     : json::error_handler_t::strict;
  try {
    write(json(text).dump(-1, ' ', false, handler));
  } catch (const json::type_error& error) {
    throw Error(ErrorCode::invalid_data,
                fmt::format("write JSON: expected strings in UTF-8, found: {}", error.what()));
  }
}

void JsonWriter::value(float number) {
  write(std::isfinite(number) ? fmt::format("{}", number) : "null");
}

void JsonWriter::value(double number) {
  write(json(number).dump());
}

}  // namespace fastintent
