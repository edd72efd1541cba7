#pragma once

#include <cstdint>

#include "compute/operands.h"
#include "cuda/workspace.h"
#include "fastintent/options.h"

namespace fastintent::cuda {

/// A weight [N,K] on the device. For inference: a copy of its own. For training: in fp32 and tf32
/// the tensor it was made from, in 16 bits a copy that refresh and AdamW keep up to date.
class CudaWeight final : public PreparedWeight {
 public:
  /// For inference `weight` is in host memory, for training on the device. Complete when the
  /// constructor returns. Throws out_of_resources.
  CudaWeight(Workspace& workspace, ConstTensor weight, Precision precision, WeightUse use);

  /// Casts `weight` to this device's type. Throws invalid_argument when another device prepared it.
  static const CudaWeight& of(const PreparedWeight& weight);
  static CudaWeight& of(PreparedWeight& weight);

  Factors factors() const { return factors_; }
  /// Unique among all weights of this process, past and present, unlike an address.
  uint64_t number() const { return number_; }
  const void* data() const { return own_.get() != nullptr ? own_.get() : source_.data; }
  /// In values, between rows.
  int64_t stride() const { return own_.get() != nullptr ? columns() : source_.stride; }

  /// Where AdamW stores row `row` of the 16-bit copy for training; null without such a copy.
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

}  // namespace fastintent::cuda
