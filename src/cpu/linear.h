#pragma once

#include <memory>
#include <span>

#include "compute/backend.h"
#include "cpu/matmul.h"
#include "cpu/panel_weight.h"
#include "cpu/scratch.h"

namespace fastintent::cpu {

/// A weight [N,K] for training as the processor multiplies it: the tensor itself, or a dense copy
/// if it cannot be multiplied in place (bf16, rows with gaps).
class TrainingWeight final : public PreparedWeight {
 public:
  TrainingWeight(ConstTensor weight, Precision precision);

  /// Casts `weight` to a TrainingWeight. Throws invalid_argument when it is of another kind.
  static const TrainingWeight& of(const PreparedWeight& weight);
  static TrainingWeight& of(PreparedWeight& weight);

  /// Copies rows [first, first + count) from the tensor again.
  void refresh(int64_t first, int64_t count);

  Element element() const { return element_; }
  const void* data() const { return dense_ != nullptr ? dense_ : source_.data; }

 private:
  ConstTensor source_;
  Element element_;
  Scratch copy_;
  void* dense_ = nullptr;  // in copy_, or null when the tensor itself is multiplied
};

/// As Backend::refresh_weight. Throws invalid_argument when the weight is for inference.
void refresh_weight(PreparedWeight& weight, int64_t first, int64_t count);

/// Fully connected layers, forward and backward. Products run on tiles of rows; the activation is
/// applied to each tile while it is in the cache. The arguments are those of Backend; weights are
/// TrainingWeights or, forward only, PanelWeights.
class Linear {
 public:
  void forward(ConstTensor in,
               const PreparedWeight& weight,
               std::span<const float> bias,
               Activation activation,
               Tensor out,
               Tensor pre_activation);

  void backward(ConstTensor in,
                const PreparedWeight& weight,
                Activation activation,
                ConstTensor pre_activation,
                Tensor d_out,
                const LinearGradient& gradient);

 private:
  void forward_packed(ConstTensor in,
                      const PanelWeight& weight,
                      std::span<const float> bias,
                      Activation activation,
                      Tensor out,
                      Tensor pre_activation);
  /// `d_out`: the rows of one product, in the form that the library requires.
  void weight_gradient(ConstTensor in,
                       const void* d_out,
                       const TrainingWeight& weight,
                       Tensor d_weight,
                       Write write);
  void input_gradient(const void* d_out, const TrainingWeight& weight, Tensor d_in, Write write);

  Matmul products_;
  Scratch left_, right_, result_, scales_;
};

}  // namespace fastintent::cpu
