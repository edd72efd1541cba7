#pragma once

#include <cublasLt.h>

#include "base/shared_library.h"

namespace fastintent::cuda {

/// The functions of cuBLASLt that are used here. The library is 500 MB and loading it took 70 ms or
/// more at every start, so it is loaded with the first GPU in use; a machine without a GPU need not
/// have it. Types, and the version that the library was built against, come from its header.
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

/// Throws device_missing if it is not installed.
const LtLibrary& lt_library();

}  // namespace fastintent::cuda
