#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fastintent::python {

namespace nb = nanobind;

/// A Python string and its UTF-8, which is stored in `owner`. A lone surrogate, which UTF-8 cannot
/// encode, is stored as bytes that are not UTF-8; the tokenizer reads them as U+FFFD.
struct Text {
  nb::object owner;
  std::string_view view;
  bool has_surrogate = false;
};

/// Throws TypeError when `object` is no string; `argument` names it in the message. Warns of a lone
/// surrogate.
Text read_text(nb::handle object, std::string_view argument);

/// Returns the strings of a Python iterable one by one and never uses its length. A newline at the
/// end of a string is removed, so that an open file yields its lines.
class TextIterator {
 public:
  /// Throws TypeError when `texts` is not iterable, and for what would yield other things than its
  /// texts or yield them in no order: one string or bytes, a mapping, a table, a set. `argument`
  /// names it in messages and must be a literal.
  TextIterator(nb::handle texts, const char* argument);

  /// The next text, none at the end. Throws the exceptions of the iterable, and TypeError, naming
  /// the index, for anything but a string.
  std::optional<Text> next();

  /// Raises a UnicodeWarning when some of the strings read have lone surrogates.
  void warn_of_surrogates() const;

  /// For the garbage collector; next() must not be called after release().
  nb::handle iterator() const { return iterator_; }
  void release() { iterator_.reset(); }

 private:
  nb::object iterator_;
  const char* argument_;
  int64_t index_ = 0;
  int64_t with_surrogate_ = 0;    // strings
  int64_t first_surrogate_ = -1;  // index
};

/// All strings of an iterable: views, and the Python strings that own them.
struct Texts {
  std::vector<nb::object> owners;
  std::vector<std::string_view> views;

  std::vector<std::string> copy() const { return {views.begin(), views.end()}; }
};

/// Throws the errors of TextIterator. Warns of lone surrogates.
Texts read_texts(nb::handle texts, const char* argument);

/// Throws the errors of TextIterator, and invalid_data, naming the index, for a label with a lone
/// surrogate: no model can be saved with it.
std::vector<std::string> read_labels(nb::handle labels, const char* argument);

/// Raises a Python warning of `category` at the caller's line; throws where the user made it an
/// error.
void warn(PyObject* category, const std::string& message);

/// Copies of the strings; none for None. Throws and warns as read_texts.
std::vector<std::string> read_optional_texts(nb::handle texts, const char* argument);

}  // namespace fastintent::python
