#include "bindings.h"
#include "fastintent/error.h"

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
    case ErrorCode::interrupted:
      return "StoppedError";
  }
  return "FastintentError";
}

void raise(const Error& error) {
  const nb::object errors = nb::module_::import_("fastintent.errors");
  const std::string_view message = error.what();
  // A file name in it need not be UTF-8.
  const nb::object text = nb::steal(PyUnicode_DecodeUTF8(
      message.data(), static_cast<Py_ssize_t>(message.size()), "backslashreplace"));
  PyErr_SetObject(errors.attr(class_name(error.code())).ptr(), text.ptr());
}

}  // namespace

void init_errors(nb::module_& /*m*/) {
  nb::register_exception_translator([](const std::exception_ptr& thrown, void* /*payload*/) {
    try {
      std::rethrow_exception(thrown);
    } catch (const Error& error) {
      raise(error);
    }
  });
}

}  // namespace fastintent::python
