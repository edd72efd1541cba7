#pragma once

#include <cublasLt.h>

#include "base/shared_library.h"

namespace fastintent::cuda {

/// What is used of cuBLASLt. Loaded with the first GPU that is used, not with the program: it has
/// half a gigabyte, which took 70 ms and more of every start, and a machine without a GPU need not
/// have it. Its header gives the types, and the version that was built against the name.
struct LtLibrary {
  SharedLibrary library;

  decltype(&cublasLtGetVersion) get_version = library["cublasLtGetVersion"];
  decltype(&cublasLtGetStatusString) get_status_string = library["cublasLtGetStatusString"];
  decltype(&cublasLtCreate) create = library["cublasLtCreate"];
  decltype(&cublasLtMatmul) matmul = library["cublasLtMatmul"];
  decltype(&cublasLtMatmulAlgoCheck) algo_check = library["cublasLtMatmulAlgoCheck"];
  decltype(&cublasLtMatmulAlgoConfigGetAttribute) algo_config_get_attribute =
      library["cublasLtMatmulAlgoConfigGetAttribute"];
  decltype(&cublasLtMatmulAlgoGetHeuristic) algo_get_heuristic =
      library["cublasLtMatmulAlgoGetHeuristic"];
  decltype(&cublasLtMatmulDescInit_internal) desc_init = library["cublasLtMatmulDescInit_internal"];
  decltype(&cublasLtMatmulDescSetAttribute) desc_set_attribute =
      library["cublasLtMatmulDescSetAttribute"];
  decltype(&cublasLtMatmulPreferenceInit_internal) preference_init =
      library["cublasLtMatmulPreferenceInit_internal"];
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set_attribute =
      library["cublasLtMatmulPreferenceSetAttribute"];
  decltype(&cublasLtMatrixLayoutInit_internal) layout_init =
      library["cublasLtMatrixLayoutInit_internal"];
};

/// Throws device_missing where it is not installed.
const LtLibrary& lt_library();

}  // namespace fastintent::cuda
