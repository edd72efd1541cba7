#pragma once

#include <atomic>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

#include "compute/backend.h"

namespace fastintent {

/// Forwards everything that prediction needs to another backend, but allocates no more than
/// `most_floats` floats at a time; counts the passes through the model.
class FailingBackend final : public Backend {
 public:
  FailingBackend(std::unique_ptr<Backend> inner,
                 std::shared_ptr<const int64_t> most_floats,
                 std::shared_ptr<std::atomic<int>> passes)
      : inner_(std::move(inner)),
        most_floats_(std::move(most_floats)),
        passes_(std::move(passes)) {}

  const DeviceTraits& traits() const override { return traits_; }
  void synchronize() override { inner_->synchronize(); }

 private:
  Buffer do_allocate(int64_t floats) override {
    if (floats > *most_floats_) {
      throw std::bad_alloc();
    }
    return inner_->allocate(kRowTile, (floats + kRowTile - 1) / kRowTile);
  }
  void do_upload(ConstTensor host, Tensor out) override { inner_->upload(host, out); }
  void do_download(ConstTensor in, Tensor host) override { inner_->download(in, host); }
  void do_clear(Tensor out) override { inner_->clear(out); }
  std::unique_ptr<PreparedWeight> do_prepare_weight(ConstTensor weight,
                                                    Precision precision,
                                                    WeightUse use) override {
    return inner_->prepare_weight(weight, precision, use);
  }
  void do_embed(const TokenInputs& tokens,
                const EmbeddingTables& tables,
                const LayerNorm& layer_norm,
                Dropout dropout,
                Tensor out,
                const NormalizedRows& keep) override {
    ++*passes_;
    inner_->embed(tokens, tables, layer_norm, dropout, out, keep);
  }
  void do_linear(ConstTensor in,
                 const PreparedWeight& weight,
                 std::span<const float> bias,
                 Activation activation,
                 Tensor out,
                 Tensor pre_activation) override {
    inner_->linear(in, weight, bias, activation, out, pre_activation);
  }
  void do_gate(ConstTensor in, Activation activation, Tensor out) override {
    inner_->gate(in, activation, out);
  }
  void do_rotate(Tensor rows,
                 std::span<const int32_t> positions,
                 std::span<const float> frequencies,
                 Rotation direction) override {
    inner_->rotate(rows, positions, frequencies, direction);
  }
  void do_attention(const AttentionOperands& operands, Tensor out) override {
    inner_->attention(operands, out);
  }
  void do_add_and_normalize(ConstTensor in,
                            ConstTensor residual,
                            const LayerNorm& layer_norm,
                            Dropout dropout,
                            Tensor out,
                            const NormalizedRows& keep,
                            Tensor sum) override {
    inner_->add_and_normalize(in, residual, layer_norm, dropout, out, keep, sum);
  }
  void do_pool(ConstTensor hidden,
               std::span<const int32_t> starts,
               Pooling pooling,
               Tensor out) override {
    inner_->pool(hidden, starts, pooling, out);
  }
  void do_apply_dropout(ConstTensor in, Dropout dropout, Tensor out) override {
    inner_->apply_dropout(in, dropout, out);
  }

  /// adopt_weight is not forwarded.
  static DeviceTraits without_stored_weights(DeviceTraits traits) {
    for (SupportedPrecision& each : traits.precisions) {
      each.packed_layout = {};
    }
    return traits;
  }

  /// Prediction needs none of the following.
  [[noreturn]] static void fail() { throw std::logic_error("not part of prediction"); }
  void do_refresh_weight(PreparedWeight&, int64_t, int64_t) override { fail(); }
  void do_softmax_cross_entropy(ConstTensor,
                                std::span<const int32_t>,
                                const CrossEntropy&,
                                std::span<float>,
                                Tensor) override {
    fail();
  }
  void do_embed_backward(const TokenInputs&,
                         const NormalizedRows&,
                         std::span<const float>,
                         Dropout,
                         Tensor,
                         const EmbeddingGradient&) override {
    fail();
  }
  void do_add_rows(ConstTensor, std::span<const int32_t>, Tensor) override { fail(); }
  void do_linear_backward(ConstTensor,
                          const PreparedWeight&,
                          Activation,
                          ConstTensor,
                          Tensor,
                          const LinearGradient&) override {
    fail();
  }
  void do_gate_backward(ConstTensor, Activation, ConstTensor, Tensor) override { fail(); }
  void do_attention_backward(const AttentionOperands&,
                             ConstTensor,
                             const AttentionGradient&) override {
    fail();
  }
  void do_add_and_normalize_backward(const NormalizedRows&,
                                     std::span<const float>,
                                     Dropout,
                                     ConstTensor,
                                     Tensor,
                                     Tensor,
                                     const NormGradient&,
                                     ConstTensor) override {
    fail();
  }
  void do_pool_backward(ConstTensor, std::span<const int32_t>, Pooling, Write, Tensor) override {
    fail();
  }
  double do_sum_gradients(std::span<const std::span<const float>>, std::span<float>) override {
    fail();
  }
  void do_adamw_step(std::span<const AdamwUpdate>) override { fail(); }
  void do_adamw_step_rows(const AdamwState&,
                          std::span<const int32_t>,
                          ConstTensor,
                          std::span<int32_t>,
                          std::span<const AdamwRates>) override {
    fail();
  }

  std::unique_ptr<Backend> inner_;
  DeviceTraits traits_ = without_stored_weights(inner_->traits());
  std::shared_ptr<const int64_t> most_floats_;
  std::shared_ptr<std::atomic<int>> passes_;
};

}  // namespace fastintent
