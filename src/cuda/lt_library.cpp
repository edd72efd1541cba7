#include "cuda/lt_library.h"

#include "fastintent/error.h"

namespace fastintent::cuda {

const LtLibrary& lt_library() {
  // FASTINTENT_CUBLASLT: "libcublasLt.so.13", from the toolkit of the build.
  static const LtLibrary library{
      SharedLibrary(FASTINTENT_CUBLASLT, "product", ErrorCode::device_missing)};
  return library;
}

}  // namespace fastintent::cuda
