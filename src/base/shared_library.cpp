#include "base/shared_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace fastintent {

SharedLibrary::SharedLibrary(const char* name, const char* operation, ErrorCode missing)
    : name_(name), operation_(operation), missing_(missing), handle_(::dlopen(name, RTLD_NOW)) {
  if (handle_ == nullptr) {
    throw Error(missing_,
                fmt::format("{}: expected the library {} to be installed, found: {}",
                            operation_,
                            name_,
                            ::dlerror()));
  }
}

SharedLibrary::Symbol SharedLibrary::operator[](const char* function) const {
  void* address = ::dlsym(handle_, function);
  if (address == nullptr) {
    throw Error(
        missing_,
        fmt::format("{}: expected {} in the library {}, found none", operation_, function, name_));
  }
  return Symbol(address);
}

}  // namespace fastintent
