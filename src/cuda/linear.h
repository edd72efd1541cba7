#pragma once

#include <memory>

#include "compute/operands.h"
#include "cuda/workspace.h"
#include "fastintent/options.h"

namespace fastintent::cuda {

/// A weight [N,K] on the device: for inference a copy of its own; for training in fp32 and tf32 the
/// tensor it was made from, in 16 bits a copy that follows it by refresh and AdamW.
class CudaWeight final : public PreparedWeight {
 public:
  /// For inference `weight` lies in host memory, for training on the device. Done when it returns.
  /// Throws out_of_resources.
  CudaWeight(Workspace& workspace, ConstTensor weight, Precision precision, WeightUse use);

  Factors factors() const { return factors_; }
  /// No other weight of this process has or had it, unlike an address.
  uint64_t number() const { return number_; }
  const void* data() const { return own_.get() != nullptr ? own_.get() : source_.data; }
  /// In values, from row to row.
  int64_t stride() const { return own_.get() != nullptr ? columns() : source_.stride; }

  /// Where AdamW stores row `row` of the copy that training in 16 bits keeps; null without one.
  void* stored_row(int64_t row) const;
  /// Throws invalid_argument unless the weight is for training.
  void refresh(Workspace& workspace, int64_t first, int64_t count);

 private:
  static uint64_t next_number();

  uint64_t number_ = next_number();
  Factors factors_;
  ConstTensor source_;  // for training
  DeviceMemory own_;
};

/// out = epilogue(in · weightᵀ + bias), of rows one behind the other in the weight's factors.   in
/// [rows,K], out [rows,N] as `result` says, the bias [N] of the same kind
void multiply_rows(Workspace& workspace,
                   int64_t rows,
                   const void* in,
                   const CudaWeight& weight,
                   Epilogue epilogue,
                   const void* bias,
                   Result result,
                   void* out);

/// Arguments as in compute/backend.h, checked. Tensors are f32; in 16 bits the factors of a product
/// are converted on their way.
void linear(Workspace& workspace,
            ConstTensor in,
            const CudaWeight& weight,
            std::span<const float> bias,
            Activation activation,
            Tensor out,
            Tensor pre_activation);

void linear_backward(Workspace& workspace,
                     ConstTensor in,
                     const CudaWeight& weight,
                     Activation activation,
                     ConstTensor pre_activation,
                     Tensor d_out,
                     const LinearGradient& gradient);

}  // namespace fastintent::cuda
