#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>

namespace fastintent {

/// Writes a JSON document piece by piece, so that there is no tree of it: a tree takes several times
/// the memory of the text. Members keep the order in which they are written. One thread at a time.
class JsonWriter {
 public:
  enum class Layout { indented, one_line };  ///< by two spaces; without any
  /// What happens to bytes that are not UTF-8.
  enum class Invalid {
    refused,  ///< throws invalid_data
    replaced  ///< by U+FFFD
  };

  explicit JsonWriter(Layout layout = Layout::indented, Invalid invalid = Invalid::refused)
      : layout_(layout), invalid_(invalid) {}

  /// A value begins where one may be: at the beginning, in an array, or after key().
  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(const std::string& text) { value(std::string_view(text)); }
  /// The shortest text that reads back as the same number of that type; null when it is not finite,
  /// for which JSON has no number.
  void value(float number);
  void value(double number);
  template <std::integral Integer>
  void value(Integer number) {
    if constexpr (std::same_as<Integer, bool>) {
      write(number ? "true" : "false");
    } else {
      write(std::to_string(number));
    }
  }
  void null() { write("null"); }
  template <class Value>
  void value(const std::optional<Value>& content) {  ///< null where there is none
    content ? value(*content) : null();
  }
  template <std::ranges::input_range Values>
  void value(const Values& values) {
    begin_array();
    for (const auto& each : values) {
      value(each);
    }
    end_array();
  }

  template <class Value>
  void member(std::string_view name, const Value& content) {
    key(name);
    value(content);
  }

  /// The document so far.
  const std::string& text() const { return text_; }

 private:
  void begin(char bracket);
  void end(char bracket);
  void begin_value();
  void begin_line();
  void write(std::string_view scalar);

  Layout layout_;
  Invalid invalid_;
  std::string text_;
  size_t depth_ = 0;
  bool is_first_ = true;  // of its array or object
  bool follows_key_ = false;
};

}  // namespace fastintent
