#include "texts.h"

#include <fmt/format.h>

#include <utility>

#include "fastintent/error.h"
#include "gil.h"

namespace fastintent::python {
namespace {

[[noreturn]] void throw_type_error(const std::string& message) {
  throw nb::type_error(message.c_str());
}

std::string name_of_type(nb::handle object) {
  return nb::type_name(object.type()).c_str();
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
  const std::string_view view(PyBytes_AsString(bytes.ptr()),
                              static_cast<size_t>(PyBytes_Size(bytes.ptr())));
  return {std::move(bytes), view, true};
}

bool is_instance_of(nb::handle object, const char* module, const char* name) {
  const nb::object type = import_attribute(module, name);
  // An abstract class decides in Python code.
  const int found = calling_python([&] { return PyObject_IsInstance(object.ptr(), type.ptr()); });
  if (found < 0) {
    throw nb::python_error();
  }
  return found != 0;
}

// What else than the texts iteration yields of a collection that people mistake for one of texts;
// null for all others.
const char* wrong_iteration(nb::handle texts) {
  if (PyList_Check(texts.ptr()) != 0 || PyTuple_Check(texts.ptr()) != 0) {
    return nullptr;
  }
  if (PyUnicode_Check(texts.ptr()) != 0) {
    return "one str; for one text write [text]";
  }
  if (PyBytes_Check(texts.ptr()) != 0 || PyByteArray_Check(texts.ptr()) != 0 ||
      PyMemoryView_Check(texts.ptr()) != 0) {
    return "bytes; decode them first";
  }
  if (PyAnySet_Check(texts.ptr()) != 0) {
    return "a set, which has no order; sort it into a list";
  }
  if (is_instance_of(texts, "collections.abc", "Mapping")) {
    return "a mapping, whose iteration yields its keys; name the values, such as texts.values()";
  }
  // Of pandas, polars and others.
  if (calling_python([&] { return PyObject_HasAttrString(texts.ptr(), "columns"); }) != 0) {
    return "a table, whose iteration yields its columns; name one, such as texts[\"text\"]";
  }
  return nullptr;
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
  Text text = utf8(object);
  if (text.has_surrogate) {
    warn(PyExc_UnicodeWarning,
         fmt::format("{}: expected valid Unicode, found a lone surrogate, which is read as U+FFFD",
                     argument));
  }
  return text;
}

TextIterator::TextIterator(nb::handle texts, const char* argument) : argument_(argument) {
  if (const char* found = wrong_iteration(texts)) {
    throw_type_error(fmt::format("{}: expected an iterable of str, found {}", argument, found));
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
  Text text = utf8(item);
  if (text.has_surrogate) {
    first_surrogate_ = with_surrogate_ == 0 ? index_ : first_surrogate_;
    ++with_surrogate_;
  }
  ++index_;
  text.view = without_newline(text.view);
  return text;
}

void TextIterator::warn_of_surrogates() const {
  if (with_surrogate_ > 0) {
    warn(
        PyExc_UnicodeWarning,
        fmt::format("{}: expected valid Unicode, found {} with lone surrogates, the first at index "
                    "{}; they are read as U+FFFD",
                    argument_,
                    with_surrogate_ == 1 ? "1 str" : fmt::format("{} str", with_surrogate_),
                    first_surrogate_));
  }
}

Texts read_texts(nb::handle texts, const char* argument) {
  TextIterator iterator(texts, argument);
  Texts all;
  while (auto text = iterator.next()) {
    all.owners.push_back(std::move(text->owner));
    all.views.push_back(text->view);
  }
  iterator.warn_of_surrogates();
  return all;
}

std::vector<std::string> read_labels(nb::handle labels, const char* argument) {
  TextIterator iterator(labels, argument);
  std::vector<std::string> all;
  while (auto label = iterator.next()) {
    if (label->has_surrogate) {
      throw Error(ErrorCode::invalid_data,
                  fmt::format("{}: expected valid Unicode at index {}, found a lone surrogate",
                              argument,
                              all.size()));
    }
    all.emplace_back(label->view);
  }
  return all;
}

void warn(PyObject* category, const std::string& message) {
  if (calling_python([&] { return PyErr_WarnEx(category, message.c_str(), 1); }) != 0) {
    throw nb::python_error();
  }
}

std::vector<std::string> read_optional_texts(nb::handle texts, const char* argument) {
  if (texts.is_none()) {
    return {};
  }
  return read_texts(texts, argument).copy();
}

}  // namespace fastintent::python
