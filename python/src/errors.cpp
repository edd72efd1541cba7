#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <filesystem>

#include "bindings.h"
#include "fastintent/error.h"
#include "fastintent/printable.h"
#include "gil.h"

namespace fastintent::python {
namespace {

// The class of fastintent/errors.py; the table is in docs/errors.md.
const char* class_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "InvalidArgumentError";
    case ErrorCode::invalid_data:
      return "InvalidDataError";
    case ErrorCode::missing_input:
      return "MissingInputError";
    case ErrorCode::bad_checkpoint:
      return "BadCheckpointError";
    case ErrorCode::cannot_create:
      return "CannotCreateError";
    case ErrorCode::io_error:
      return "IoError";
    case ErrorCode::device_missing:
      return "DeviceMissingError";
    case ErrorCode::out_of_resources:
      return "OutOfResourcesError";
    case ErrorCode::no_model:
      return "NoModelError";
    case ErrorCode::overloaded:
      return "OverloadedError";
    case ErrorCode::deadline_exceeded:
      return "DeadlineExceededError";
    case ErrorCode::interrupted:
      return "StoppedError";
  }
  return "FastintentError";
}

void raise(const Error& error) {
  const nb::object error_class = import_attribute("fastintent.errors", class_name(error.code()));
  const nb::str message(error.what());
  calling_python([&] { PyErr_SetObject(error_class.ptr(), message.ptr()); });
}

}  // namespace

void init_errors(nb::module_& m) {
  m.def("printable",
        &printable,
        nb::arg("text"),
        nb::arg("max_characters") = 2'000,
        R"(Returns `text` as a terminal or a log may show it; labels come from data and models.

Control characters, line separators, invisible characters and those that change the direction of text
become escapes, as in repr(). A result of more than `max_characters` loses its middle. The messages of
all errors are printable.)");

  nb::register_exception_translator([](const std::exception_ptr& thrown, void* /*payload*/) {
    try {
      std::rethrow_exception(thrown);
    } catch (const Error& error) {
      raise(error);
    } catch (const std::filesystem::filesystem_error& error) {
      raise(Error(ErrorCode::io_error, error.what()));
    }
  });
}

}  // namespace fastintent::python
