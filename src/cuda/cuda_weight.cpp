#include "cuda/cuda_weight.h"

#include <fmt/format.h>

#include <atomic>
#include <utility>

#include "cuda/kernels/convert.h"
#include "cuda/memory.h"
#include "fastintent/error.h"

namespace fastintent::cuda {
namespace {

// For a precision that the backend multiplies in.
Factors factors_of(Precision precision) {
  switch (precision) {
    case Precision::tf32:
      return Factors::tf32;
    case Precision::fp16:
      return Factors::fp16;
    case Precision::bf16:
      return Factors::bf16;
    default:
      return Factors::fp32;
  }
}

}  // namespace

uint64_t CudaWeight::next_number() {
  static std::atomic<uint64_t> made = 0;
  return ++made;
}

CudaWeight::CudaWeight(Workspace& workspace, ConstTensor weight, Precision precision, WeightUse use)
    : PreparedWeight(weight.rows, weight.columns), factors_(factors_of(precision)) {
  const Stream& stream = workspace.stream;
  const auto allocate_own = [&] {
    return allocate(stream.device(), static_cast<size_t>(weight.size() * bytes_of(factors_)));
  };
  if (use == WeightUse::training) {
    source_ = weight;
    if (in_16_bits(factors_)) {
      own_ = allocate_own();
      refresh(workspace, 0, rows());
    }
  } else {
    own_ = allocate_own();
    float* uploaded =
        in_16_bits(factors_) ? workspace.scratch.of<float>(weight.size()) : own_.as<float>();
    const size_t row_bytes = static_cast<size_t>(columns()) * sizeof(float);
    stream.copy_rows(weight.data,
                     static_cast<size_t>(weight.stride) * sizeof(float),
                     uploaded,
                     row_bytes,
                     row_bytes,
                     static_cast<size_t>(rows()));
    if (in_16_bits(factors_)) {
      convert_rows(stream, {uploaded, rows(), columns()}, factors_, own_.get());
    }
  }
  // Waits, because streams of other threads multiply with the weight, too.
  workspace.synchronize();
}

const CudaWeight& CudaWeight::of(const PreparedWeight& weight) {
  if (const auto* found = dynamic_cast<const CudaWeight*>(&weight)) {
    return *found;
  }
  throw Error(
      ErrorCode::invalid_argument,
      fmt::format("weight [{},{}]: expected one that a GPU prepared, found another device's",
                  weight.rows(),
                  weight.columns()));
}

CudaWeight& CudaWeight::of(PreparedWeight& weight) {
  return const_cast<CudaWeight&>(of(std::as_const(weight)));
}

void* CudaWeight::stored_row(int64_t row) const {
  if (source_.empty() || own_.get() == nullptr) {
    return nullptr;
  }
  return own_.as<uint16_t>() + row * columns();
}

void CudaWeight::refresh(Workspace& workspace, int64_t first, int64_t count) {
  if (source_.empty()) {
    throw Error(ErrorCode::invalid_argument,
                "refresh_weight: expected a weight for training, found one for inference");
  }
  if (own_.get() == nullptr) {
    return;
  }
  convert_rows(workspace.stream, source_.row_slice(first, count), factors_, stored_row(first));
}

}  // namespace fastintent::cuda
