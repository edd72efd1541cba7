#pragma once

#include "fastintent/error.h"

namespace fastintent {

/// A system library, loaded on first use instead of at program start: libcurl loads 37 more
/// libraries, which cost 6 ms at each start of a program that rarely downloads anything; cuBLASLt
/// cost 70 ms; NCCL is installed only where several GPUs train. Never unloaded: such libraries
/// register functions to run at program exit.
class SharedLibrary {
 public:
  /// Throws `missing`, in the name of `operation`, when there is no library of that name
  /// ("libcurl.so.4"). Both texts must be literals.
  SharedLibrary(const char* name, const char* operation, ErrorCode missing);

  /// The address of a function, for a pointer of any function's type.
  class Symbol {
   public:
    explicit Symbol(void* address) : address_(address) {}
    template <class Function>
    operator Function*() const {  // NOLINT(google-explicit-constructor): what it is for
      return reinterpret_cast<Function*>(address_);
    }

   private:
    void* address_;
  };

  /// Throws the constructor's error when the library lacks it.
  Symbol operator[](const char* function) const;

 private:
  const char* name_;
  const char* operation_;
  ErrorCode missing_;
  void* handle_;
};

}  // namespace fastintent
