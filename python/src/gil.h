#pragma once

#include <cxxabi.h>
#include <nanobind/nanobind.h>

#include <utility>

// When the interpreter ends, it does not wait for daemon threads. One that then wants the GIL back
// is ended by CPython (before 3.14) by unwinding it, which no C++ frame on the way survives; one
// that keeps computing finds its libraries gone. Here such threads wait for the end of the process,
// and the interpreter waits until all calls of the library have come to that point.
namespace fastintent::python {

namespace nb = nanobind;

/// Makes the end of the interpreter wait for calls of the library.
void watch_interpreter(nb::module_& m);

/// Never returns, if the interpreter ends on another thread.
void stay_if_interpreter_ended();

/// Never returns.
[[noreturn]] void stay_for_end_of_process();

/// Runs `code`, which may run Python code or wait for the GIL. Nothing in it may have a destructor
/// that needs the GIL.
template <typename Code>
decltype(auto) calling_python(Code&& code) {
  try {
    return std::forward<Code>(code)();
  } catch (abi::__forced_unwind&) {
    stay_for_end_of_process();
  }
}

/// Calls a Python object.
template <typename... Arguments>
nb::object call(nb::handle callable, Arguments&&... arguments) {
  const nb::tuple packed = nb::make_tuple(std::forward<Arguments>(arguments)...);
  PyObject* result =
      calling_python([&] { return PyObject_CallObject(callable.ptr(), packed.ptr()); });
  if (result == nullptr) {
    throw nb::python_error();
  }
  return nb::steal(result);
}

/// The attribute `name` of a Python module, which is imported if it is not yet.
inline nb::object import_attribute(const char* module, const char* name) {
  const nb::object imported =
      nb::steal(calling_python([&] { return PyImport_ImportModule(module); }));
  if (!imported.is_valid()) {
    throw nb::python_error();
  }
  nb::object attribute =
      nb::steal(calling_python([&] { return PyObject_GetAttrString(imported.ptr(), name); }));
  if (!attribute.is_valid()) {
    throw nb::python_error();
  }
  return attribute;
}

/// Releases the GIL while it lives, for a call of the library.
class WithoutGil {
 public:
  WithoutGil();
  ~WithoutGil();
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  PyThreadState* state_;
};

/// Holds the GIL while it lives, in a callback of the library. Unlike nanobind's, it lets a thread
/// be unwound.
class Gil {
 public:
  Gil() : state_(PyGILState_Ensure()) {}
  ~Gil() { PyGILState_Release(state_); }
  Gil(const Gil&) = delete;
  Gil& operator=(const Gil&) = delete;

 private:
  PyGILState_STATE state_;
};

/// Runs Python code in a callback of the library with the GIL.
template <typename Code>
auto with_gil(Code&& code) {
  stay_if_interpreter_ended();
  return calling_python([&] {
    const Gil locked;
    return std::forward<Code>(code)();
  });
}

}  // namespace fastintent::python
