#pragma once

#include <memory>

#include "compute/operands.h"
#include "cuda/workspace.h"
#include "fastintent/options.h"

namespace fastintent::cuda {

/// A weight [N,K] on the device: its own copy for inference; for training in f32 the tensor it was
/// made from, in 16 bits a copy that refresh_weight keeps up to date.
class CudaWeight final : public PreparedWeight {
 public:
  /// For inference `weight` lies in host memory, for training on the device. Done when it returns.
  CudaWeight(Workspace& workspace, ConstTensor weight, Precision precision, WeightUse use);

  Factors factors() const { return factors_; }
  const void* data() const { return data_; }
  /// Row r of the copy in 16 bits; null without one.
  void* stored_row(int64_t row) const;
  void refresh(Workspace& workspace, int64_t first, int64_t count);

 private:
  Factors factors_;
  DeviceMemory own_;
  const void* data_ = nullptr;
  ConstTensor source_;  // for training
};

// Arguments as in compute/backend.h, checked.
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
                     Tensor d_in,
                     Write in_write,
                     Tensor d_weight,
                     std::span<float> d_bias,
                     Write parameter_write);

}  // namespace fastintent::cuda
