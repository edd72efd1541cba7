#include "hub/shared_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "fastintent/error.h"

namespace fastintent {

SharedLibrary::SharedLibrary(const char* name) : name_(name), handle_(::dlopen(name, RTLD_NOW)) {
  if (handle_ == nullptr) {
    throw Error(ErrorCode::io_error,
                fmt::format("download model: expected the library {} to be installed, found: {}",
                            name,
                            ::dlerror()));
  }
}

SharedLibrary::Symbol SharedLibrary::operator[](const char* function) const {
  void* address = ::dlsym(handle_, function);
  if (address == nullptr) {
    throw Error(
        ErrorCode::io_error,
        fmt::format("download model: expected {} in the library {}, found none", function, name_));
  }
  return Symbol(address);
}

}  // namespace fastintent
