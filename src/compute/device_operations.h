#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/team.h"
#include "compute/adamw_rates.h"
#include "compute/answers.h"
#include "compute/buffer.h"
#include "compute/dropout.h"
#include "compute/layer.h"
#include "compute/operands.h"
#include "compute/tensor.h"
#include "fastintent/options.h"

namespace fastintent {

/// What a device implements behind Backend, which has the contracts: each function has the meaning
/// and the arguments of the Backend function of its name, and the arguments are checked.
class DeviceOperations {
 public:
  DeviceOperations() = default;
  virtual ~DeviceOperations() = default;
  DeviceOperations(const DeviceOperations&) = delete;
  DeviceOperations& operator=(const DeviceOperations&) = delete;

 protected:
  virtual Buffer do_allocate(int64_t floats) = 0;
  virtual void do_upload(ConstTensor host, Tensor out) = 0;
  virtual void do_download(ConstTensor in, Tensor host) = 0;
  virtual void do_clear(Tensor out) = 0;
  virtual std::unique_ptr<PreparedWeight> do_prepare_weight(ConstTensor weight,
                                                            Precision precision,
                                                            WeightUse use) = 0;
  /// `bytes` are in the layout that the device named for `precision`.
  virtual std::unique_ptr<PreparedWeight> do_adopt_weight(std::span<const std::byte> bytes,
                                                          int64_t output_width,
                                                          int64_t input_width,
                                                          Precision precision);
  /// The size in bytes of a weight [N,K] in that layout.
  virtual int64_t packed_bytes(int64_t output_width,
                               int64_t input_width,
                               Precision precision) const;
  virtual void do_refresh_weight(PreparedWeight& weight, int64_t first, int64_t count) = 0;
  virtual void do_embed(const TokenInputs& tokens,
                        const EmbeddingTables& tables,
                        const LayerNorm& layer_norm,
                        Dropout dropout,
                        Tensor out,
                        const NormalizedRows& keep) = 0;
  virtual void do_linear(ConstTensor in,
                         const PreparedWeight& weight,
                         std::span<const float> bias,
                         Activation activation,
                         Tensor out,
                         Tensor pre_activation) = 0;
  virtual void do_gate(ConstTensor in, Activation activation, Tensor out) = 0;
  virtual void do_rotate(Tensor rows,
                         std::span<const int32_t> positions,
                         std::span<const float> frequencies,
                         Rotation direction) = 0;
  virtual void do_attention(const AttentionOperands& operands, Tensor out) = 0;
  virtual void do_add_and_normalize(ConstTensor in,
                                    ConstTensor residual,
                                    const LayerNorm& layer_norm,
                                    Dropout dropout,
                                    Tensor out,
                                    const NormalizedRows& keep,
                                    Tensor sum) = 0;
  virtual void do_pool(ConstTensor hidden,
                       std::span<const int32_t> starts,
                       Pooling pooling,
                       Tensor out) = 0;
  virtual void do_apply_dropout(ConstTensor in, Dropout dropout, Tensor out) = 0;
  virtual bool do_try_encode(const TokenInputs& /*tokens*/,
                             std::span<const int32_t> /*starts*/,
                             const PreparedEncoder& /*encoder*/,
                             Team* /*team*/,
                             Tensor /*out*/) {
    return false;
  }
  virtual bool do_try_answer(const TokenInputs& /*tokens*/,
                             std::span<const int32_t> /*starts*/,
                             const PreparedEncoder& /*encoder*/,
                             const PreparedHead& /*head*/,
                             double /*temperature*/,
                             const Answers& /*answers*/) {
    return false;
  }
  virtual void do_softmax_cross_entropy(ConstTensor logits,
                                        std::span<const int32_t> labels,
                                        const CrossEntropy& options,
                                        std::span<float> losses,
                                        Tensor d_logits) = 0;
  virtual void do_embed_backward(const TokenInputs& tokens,
                                 const NormalizedRows& kept,
                                 std::span<const float> scale,
                                 Dropout dropout,
                                 Tensor d_out,
                                 const EmbeddingGradient& gradient) = 0;
  virtual void do_add_rows(ConstTensor d_rows, std::span<const int32_t> slots, Tensor d_table) = 0;
  virtual void do_linear_backward(ConstTensor in,
                                  const PreparedWeight& weight,
                                  Activation activation,
                                  ConstTensor pre_activation,
                                  Tensor d_out,
                                  const LinearGradient& gradient) = 0;
  virtual void do_gate_backward(ConstTensor in,
                                Activation activation,
                                ConstTensor d_out,
                                Tensor d_in) = 0;
  virtual void do_attention_backward(const AttentionOperands& operands,
                                     ConstTensor d_out,
                                     const AttentionGradient& gradient) = 0;
  virtual void do_add_and_normalize_backward(const NormalizedRows& kept,
                                             std::span<const float> scale,
                                             Dropout dropout,
                                             ConstTensor d_out,
                                             Tensor d_in,
                                             Tensor d_residual,
                                             const NormGradient& gradient,
                                             ConstTensor d_sum) = 0;
  virtual void do_pool_backward(ConstTensor d_out,
                                std::span<const int32_t> starts,
                                Pooling pooling,
                                Write write,
                                Tensor d_hidden) = 0;
  virtual double do_sum_gradients(std::span<const std::span<const float>> parts,
                                  std::span<float> out) = 0;
  virtual void do_adamw_step(std::span<const AdamwUpdate> updates) = 0;
  virtual void do_adamw_step_rows(const AdamwState& state,
                                  std::span<const int32_t> rows,
                                  ConstTensor gradient,
                                  std::span<int32_t> last_steps,
                                  std::span<const AdamwRates> rates) = 0;
};

}  // namespace fastintent
