#pragma once

#include "fastintent/error.h"

namespace fastintent {

/// A library of the system, loaded when it is first needed instead of with the program: libcurl
/// brings 37 more, which took 6 ms of each start of a program that rarely downloads anything,
/// cuBLASLt took 70, and NCCL is where several GPUs train and nowhere else. Never unloaded: such
/// libraries register work for the program's end.
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

  /// Throws as the constructor does when the library lacks it.
  Symbol operator[](const char* function) const;

 private:
  const char* name_;
  const char* operation_;
  ErrorCode missing_;
  void* handle_;
};

}  // namespace fastintent
