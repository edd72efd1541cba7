#pragma once

#include <memory>
#include <span>

#include "compute/backend.h"
#include "cpu/matmul.h"
#include "cpu/scratch.h"

namespace fastintent::cpu {

/// A weight [N,K] as the processor multiplies it: packed for inference, else the tensor itself or,
/// where that cannot be multiplied in place (bf16, rows apart), a dense copy of it.
class CpuWeight final : public PreparedWeight {
 public:
  CpuWeight(ConstTensor weight, Precision precision, WeightUse use);

  /// Copies rows [first, first + count) of the tensor again.
  void refresh(int64_t first, int64_t count);

  Precision precision() const { return precision_; }
  bool packed() const { return packed_ != nullptr; }
  const void* data() const;

 private:
  ConstTensor source_;
  Precision precision_;
  PackedMatrix packed_;
  Scratch copy_;
  void* dense_ = nullptr;  // in copy_, or null when the tensor itself is multiplied
};

/// Fully connected layers, forward and backward. Products run on tiles of rows; the activation
/// follows each tile while it is in the cache. The arguments are those of Backend.
class Linear {
 public:
  void forward(ConstTensor in,
               const CpuWeight& weight,
               std::span<const float> bias,
               Activation activation,
               Tensor out,
               Tensor pre_activation);

  void backward(ConstTensor in,
                const CpuWeight& weight,
                Activation activation,
                ConstTensor pre_activation,
                Tensor d_out,
                Tensor d_in,
                Write in_write,
                Tensor d_weight,
                std::span<float> d_bias,
                Write parameter_write);

 private:
  // d_out: the rows of one product, as the library takes them.
  void weight_gradient(
      ConstTensor in, const void* d_out, const CpuWeight& weight, Tensor d_weight, Write write);
  void input_gradient(const void* d_out, const CpuWeight& weight, Tensor d_in, Write write);

  Matmul products_;
  Scratch left_, right_, result_;
};

}  // namespace fastintent::cpu
