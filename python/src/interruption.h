#pragma once

#include <nanobind/nanobind.h>

#include <exception>
#include <type_traits>
#include <utility>

#include "fastintent/error.h"
#include "gil.h"

namespace fastintent::python {

namespace nb = nanobind;

/// Carries exceptions that Python raises inside callbacks of the library (Ctrl-C, too) past the
/// library: the callback only requests a stop, so that the library saves what it promised to save,
/// and run() raises the exception afterwards.
class Interruption {
 public:
  /// Runs the Python code of a callback; the callback need not hold the GIL. False when it raised,
  /// now or earlier.
  template <typename Code>
  bool allows(Code&& code) {
    if (raised_ != nullptr) {
      return false;
    }
    with_gil([&] {
      try {
        if (PyErr_CheckSignals() != 0) {
          throw nb::python_error();
        }
        std::forward<Code>(code)();
      } catch (abi::__forced_unwind&) {
        throw;  // for with_gil
      } catch (...) {
        raised_ = std::current_exception();
      }
    });
    return raised_ == nullptr;
  }
  bool allows() {
    return allows([] {});
  }

  /// Makes run() raise `error`, caught in a callback, afterwards.
  void raise_afterwards(std::exception_ptr error) { raised_ = std::move(error); }

  /// Calls the library without the GIL. The result of `work` may be void.
  template <typename Work>
  auto run(Work&& work) {
    try {
      if constexpr (std::is_void_v<decltype(work())>) {
        without_gil(std::forward<Work>(work));
        rethrow();
      } else {
        auto result = without_gil(std::forward<Work>(work));
        rethrow();
        return result;
      }
    } catch (abi::__forced_unwind&) {  // the interpreter ends
      throw;
    } catch (...) {
      rethrow();
      throw;
    }
  }

 private:
  template <typename Work>
  static auto without_gil(Work&& work) {
    const WithoutGil unlocked;
    return std::forward<Work>(work)();
  }
  void rethrow() {
    if (raised_ != nullptr) {
      std::rethrow_exception(std::exchange(raised_, nullptr));
    }
  }

  std::exception_ptr raised_;
};

}  // namespace fastintent::python
