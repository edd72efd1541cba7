#include "cuda/lt_library.h"

#include "fastintent/error.h"

namespace fastintent::cuda {

const LtLibrary& lt_library() {
  // FASTINTENT_CUBLASLT: "libcublasLt.so.13", of the toolkit that was built with.
  static const LtLibrary library{
      SharedLibrary(FASTINTENT_CUBLASLT, "product", ErrorCode::device_missing)};
  return library;
}

}  // namespace fastintent::cuda
