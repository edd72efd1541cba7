#pragma once

#include <atomic>

#include "base/shared_library.h"

namespace fastintent::cpu {

/// oneDNN, loaded by the first call: it has 40 MB and loads OpenMP's and OpenCL's libraries, and
/// prediction needs none of them. From then on the library is limited to instruction_set().
/// Throws device_missing if it is not installed. Any thread may call it.
const SharedLibrary& onednn();

/// A C function of oneDNN, or of a library that oneDNN brings; looked up by the first call.
template <class Signature>
class OnednnFunction;

template <class Result, class... Arguments>
class OnednnFunction<Result(Arguments...)> {
 public:
  /// `name` must be a literal.
  constexpr explicit OnednnFunction(const char* name) : name_(name) {}

  Result operator()(Arguments... arguments) const {
    Function* function = function_.load(std::memory_order_relaxed);
    if (function == nullptr) {
      function = onednn()[name_];
      function_.store(function, std::memory_order_relaxed);
    }
    return function(arguments...);
  }

 private:
  using Function = Result(Arguments...);
  const char* name_;
  mutable std::atomic<Function*> function_{nullptr};
};

}  // namespace fastintent::cpu
