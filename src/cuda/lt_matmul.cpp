#include "cuda/lt_matmul.h"

#include <fmt/format.h>

#include <bit>
#include <new>
#include <span>

#include "fastintent/error.h"

// Types as in the table of cublasLtMatmul's documentation: factors of fp16 or bf16 with a result of
// the same type or of f32; factors of f32 with a result of f32; a bias of the type of the result,
// as cuBLASLt assumes; sums, alpha and beta in f32.
namespace fastintent::cuda {
namespace {

constexpr float kAlpha = 1;

cudaDataType_t kind_of(Factors factors) {
  switch (factors) {
    case Factors::fp32:
    case Factors::tf32:
      return CUDA_R_32F;
    case Factors::fp16:
      return CUDA_R_16F;
    case Factors::bf16:
      return CUDA_R_16BF;
  }
  return CUDA_R_32F;
}

cublasComputeType_t compute_type(Factors factors) {
  return factors == Factors::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

cublasLtEpilogue_t epilogue_of(Epilogue epilogue) {
  switch (epilogue) {
    case Epilogue::none:
      return CUBLASLT_EPILOGUE_DEFAULT;
    case Epilogue::bias:
      return CUBLASLT_EPILOGUE_BIAS;
    case Epilogue::bias_gelu_tanh:
      return CUBLASLT_EPILOGUE_GELU_BIAS;
  }
  return CUBLASLT_EPILOGUE_DEFAULT;
}

template <class Value>
void set(cublasLtMatmulDesc_t operation, cublasLtMatmulDescAttributes_t attribute, Value value) {
  check(lt_library().desc_set_attribute(operation, attribute, &value, sizeof(value)),
        "a description of a product");
}

template <class Value>
void set(cublasLtMatmulPreference_t preference,
         cublasLtMatmulPreferenceAttributes_t attribute,
         Value value) {
  check(lt_library().preference_set_attribute(preference, attribute, &value, sizeof(value)),
        "a preference among algorithms");
}

// Describes a row-major matrix [rows,columns], which has `columns` rows for cuBLASLt.
void describe(cublasLtMatrixLayout_t layout,
              cudaDataType_t kind,
              int64_t rows,
              int64_t columns,
              int64_t stride) {
  check(lt_library().layout_init(layout,
                                 sizeof(*layout),
                                 kind,
                                 static_cast<uint64_t>(columns),
                                 static_cast<uint64_t>(rows),
                                 stride),
        "a description of a matrix");
}

bool divides_sum(const cublasLtMatmulAlgo_t& algorithm) {
  int32_t parts = 1;
  size_t written = 0;
  const cublasStatus_t status = lt_library().algo_config_get_attribute(
      &algorithm, CUBLASLT_ALGO_CONFIG_SPLITK_NUM, &parts, sizeof(parts), &written);
  return status == CUBLAS_STATUS_SUCCESS && parts > 1;
}

cublasLtMatmulAlgo_t native(const Algorithm& algorithm) {
  return std::bit_cast<cublasLtMatmulAlgo_t>(algorithm.words);
}

}  // namespace

void check(cublasStatus_t status, const char* expected) {
  if (status == CUBLAS_STATUS_SUCCESS) {
    return;
  }
  if (status == CUBLAS_STATUS_ALLOC_FAILED) {
    throw std::bad_alloc();
  }
  throw Error(ErrorCode::device_missing,
              fmt::format("product: expected {}, found {} (cuBLASLt {})",
                          expected,
                          lt_library().get_status_string(status),
                          lt_library().get_version()));
}

LtMatmul::LtMatmul(const Product& product, const ProductSize& size, const ProductOperands& operands)
    : beta_(product.accumulate ? 1.0F : 0.0F) {
  check(lt_library().desc_init(
            &operation_, sizeof(operation_), compute_type(product.factors), CUDA_R_32F),
        "a description of a product");
  const auto transposed = [](bool is) -> int32_t { return is ? CUBLAS_OP_T : CUBLAS_OP_N; };
  set(&operation_, CUBLASLT_MATMUL_DESC_TRANSA, transposed(product.transpose_right));
  set(&operation_, CUBLASLT_MATMUL_DESC_TRANSB, transposed(product.transpose_left));
  if (product.epilogue != Epilogue::none) {
    set(&operation_,
        CUBLASLT_MATMUL_DESC_EPILOGUE,
        static_cast<uint32_t>(epilogue_of(product.epilogue)));
    set(&operation_, CUBLASLT_MATMUL_DESC_BIAS_POINTER, operands.bias);
  }
  const auto [M, N, K] = size;
  const cudaDataType_t kind = kind_of(product.factors);
  describe(&a_,
           kind,
           product.transpose_right ? N : K,
           product.transpose_right ? K : N,
           operands.right_stride);
  describe(&b_,
           kind,
           product.transpose_left ? K : M,
           product.transpose_left ? M : K,
           operands.left_stride);
  describe(&d_, product.result == Result::fp32 ? CUDA_R_32F : kind, M, N, operands.out_stride);
}

std::vector<Algorithm> LtMatmul::algorithms(cublasLtHandle_t handle,
                                            const LtAlignments& alignments,
                                            size_t workspace_bytes,
                                            int count) {
  cublasLtMatmulPreferenceOpaque_t preference;
  check(lt_library().preference_init(&preference, sizeof(preference)),
        "a preference among algorithms");
  set(&preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t{workspace_bytes});
  // Law 2: the division of K would depend on M.
  set(&preference,
      CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_NONE));
  set(&preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignments.right);
  set(&preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignments.left);
  set(&preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignments.out);
  set(&preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignments.out);

  std::vector<cublasLtMatmulHeuristicResult_t> results(static_cast<size_t>(count));
  int found = 0;
  const cublasStatus_t status = lt_library().algo_get_heuristic(
      handle, &operation_, &a_, &b_, &d_, &d_, &preference, count, results.data(), &found);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED) {
    return {};
  }
  check(status, "algorithms for a product");
  std::vector<Algorithm> algorithms;
  for (const auto& result : std::span(results).first(static_cast<size_t>(found))) {
    if (result.state != CUBLAS_STATUS_SUCCESS || divides_sum(result.algo)) {
      continue;
    }
    algorithms.push_back(std::bit_cast<Algorithm>(result.algo));
  }
  return algorithms;
}

bool LtMatmul::can_run(cublasLtHandle_t handle,
                       const Algorithm& algorithm,
                       size_t workspace_bytes) {
  const cublasLtMatmulAlgo_t algo = native(algorithm);
  cublasLtMatmulHeuristicResult_t result{};
  return lt_library().algo_check(handle, &operation_, &a_, &b_, &d_, &d_, &algo, &result) ==
             CUBLAS_STATUS_SUCCESS &&
         result.workspaceSize <= workspace_bytes;
}

cublasStatus_t LtMatmul::run(cublasLtHandle_t handle,
                             const Algorithm& algorithm,
                             const ProductOperands& operands,
                             const LtWorkspace& workspace,
                             cudaStream_t stream) {
  const cublasLtMatmulAlgo_t algo = native(algorithm);
  return lt_library().matmul(handle,
                             &operation_,
                             &kAlpha,
                             operands.right,
                             &a_,
                             operands.left,
                             &b_,
                             &beta_,
                             operands.out,
                             &d_,
                             operands.out,
                             &d_,
                             &algo,
                             workspace.data,
                             workspace.bytes,
                             stream);
}

}  // namespace fastintent::cuda
