#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fastintent::python {

namespace nb = nanobind;

/// A Python string and its UTF-8, which lies in `owner`. What UTF-8 cannot hold, a lone surrogate,
/// is there as bytes that are no UTF-8; the tokenizer reads them as U+FFFD.
struct Text {
  nb::object owner;
  std::string_view view;
};

/// Throws TypeError when `object` is no string; `argument` stands for it in the message.
Text read_text(nb::handle object, std::string_view argument);

/// Gives the strings of a Python iterable one by one and never asks its length. A newline at the
/// end of a string is left off, so that an open file gives its lines.
class TextIterator {
 public:
  /// Throws TypeError when `texts` is one string or nothing to iterate over. `argument` stands for
  /// it in messages and must be a literal.
  TextIterator(nb::handle texts, const char* argument);

  /// The next text, none at the end. Throws what the iterable raises, and TypeError, naming the
  /// index, for anything but a string.
  std::optional<Text> next();

  /// For the garbage collector; next() must not be called after release().
  nb::handle iterator() const { return iterator_; }
  void release() { iterator_.reset(); }

 private:
  nb::object iterator_;
  const char* argument_;
  int64_t index_ = 0;
};

/// All strings of an iterable: views, and the Python strings in which they lie.
struct Texts {
  std::vector<nb::object> owners;
  std::vector<std::string_view> views;

  std::vector<std::string> copy() const { return {views.begin(), views.end()}; }
};

/// Throws as TextIterator does.
Texts read_texts(nb::handle texts, const char* argument);

/// Copies of the strings; none for None.
std::vector<std::string> read_optional_texts(nb::handle texts, const char* argument);

}  // namespace fastintent::python
