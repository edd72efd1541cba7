#include "texts.h"

#include <fmt/format.h>

#include <utility>

#include "gil.h"

namespace fastintent::python {
namespace {

[[noreturn]] void throw_type_error(const std::string& message) {
  throw nb::type_error(message.c_str());
}

const char* name_of_type(nb::handle object) {
  return Py_TYPE(object.ptr())->tp_name;
}

// `text` is a string.
Text utf8(nb::handle text) {
  Py_ssize_t size = 0;
  if (const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size)) {
    return {nb::borrow(text), {data, static_cast<size_t>(size)}};
  }
  if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError) == 0) {
    throw nb::python_error();
  }
  PyErr_Clear();
  nb::object bytes = nb::steal(PyUnicode_AsEncodedString(text.ptr(), "utf-8", "surrogatepass"));
  if (!bytes.is_valid()) {
    throw nb::python_error();
  }
  const std::string_view view(PyBytes_AS_STRING(bytes.ptr()),
                              static_cast<size_t>(PyBytes_GET_SIZE(bytes.ptr())));
  return {std::move(bytes), view};
}

std::string_view without_newline(std::string_view line) {
  if (line.ends_with('\n')) {
    line.remove_suffix(1);
  }
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

}  // namespace

Text read_text(nb::handle object, std::string_view argument) {
  if (PyUnicode_Check(object.ptr()) == 0) {
    throw_type_error(fmt::format("{}: expected a str, found {}", argument, name_of_type(object)));
  }
  return utf8(object);
}

TextIterator::TextIterator(nb::handle texts, const char* argument) : argument_(argument) {
  if (PyUnicode_Check(texts.ptr()) != 0) {
    throw_type_error(fmt::format(
        "{0}: expected an iterable of str, found one str; for one text write [text]", argument));
  }
  iterator_ = nb::steal(calling_python([&] { return PyObject_GetIter(texts.ptr()); }));
  if (!iterator_.is_valid()) {
    if (PyErr_ExceptionMatches(PyExc_TypeError) == 0) {
      throw nb::python_error();
    }
    PyErr_Clear();
    throw_type_error(
        fmt::format("{}: expected an iterable of str, found {}", argument, name_of_type(texts)));
  }
}

std::optional<Text> TextIterator::next() {
  // Only Python code looks for Ctrl-C by itself, and a list has none.
  constexpr int64_t kBetweenLooks = 4096;
  if (index_ % kBetweenLooks == 0 && PyErr_CheckSignals() != 0) {
    throw nb::python_error();
  }
  const nb::object item =
      nb::steal(calling_python([this] { return PyIter_Next(iterator_.ptr()); }));
  if (!item.is_valid()) {
    if (PyErr_Occurred() != nullptr) {
      throw nb::python_error();
    }
    return std::nullopt;
  }
  if (PyUnicode_Check(item.ptr()) == 0) {
    throw_type_error(fmt::format(
        "{}: expected a str at index {}, found {}", argument_, index_, name_of_type(item)));
  }
  ++index_;
  Text text = utf8(item);
  text.view = without_newline(text.view);
  return text;
}

Texts read_texts(nb::handle texts, const char* argument) {
  TextIterator iterator(texts, argument);
  Texts all;
  while (auto text = iterator.next()) {
    all.owners.push_back(std::move(text->owner));
    all.views.push_back(text->view);
  }
  return all;
}

std::vector<std::string> read_optional_texts(nb::handle texts, const char* argument) {
  if (texts.is_none()) {
    return {};
  }
  return read_texts(texts, argument).copy();
}

}  // namespace fastintent::python
