#include "reference/reference_backend.h"

#include <algorithm>

#include "compute/host_memory.h"
#include "reference/reference_operations.h"

namespace fastintent {
namespace {

void copy_rows(ConstTensor from, Tensor to) {
  for (int64_t r = 0; r < from.rows; ++r) {
    std::copy_n(from.row(r), from.columns, to.row(r));
  }
}

void clear_rows(Tensor out) {
  for (int64_t r = 0; r < out.rows; ++r) {
    std::fill_n(out.row(r), out.columns, 0.0F);
  }
}

class ReferenceBackend : public Backend {
 public:
  const DeviceTraits& traits() const override { return traits_; }
  void synchronize() override {}

 private:
  Buffer do_allocate(int64_t floats) override { return allocate_host_memory(floats); }
  void do_upload(ConstTensor host, Tensor out) override { copy_rows(host, out); }
  void do_download(ConstTensor in, Tensor host) override { copy_rows(in, host); }
  void do_clear(Tensor out) override { clear_rows(out); }

  std::unique_ptr<PreparedWeight> do_prepare_weight(ConstTensor weight,
                                                    Precision precision,
                                                    WeightUse use) override {
    return reference::prepare_weight(weight, precision, use);
  }
  void do_refresh_weight(PreparedWeight& weight, int64_t first, int64_t count) override {
    reference::refresh_weight(weight, first, count);
  }
  void do_embed(const TokenInputs& tokens,
                const EmbeddingTables& tables,
                const LayerNorm& layer_norm,
                Dropout dropout,
                Tensor out,
                const NormalizedRows& keep) override {
    reference::embed(tokens, tables, layer_norm, dropout, out, keep);
  }
  void do_linear(ConstTensor in,
                 const PreparedWeight& weight,
                 std::span<const float> bias,
                 Activation activation,
                 Tensor out,
                 Tensor pre_activation) override {
    reference::linear(in, weight, bias, activation, out, pre_activation);
  }
  void do_gate(ConstTensor in, Activation activation, Tensor out) override {
    reference::gate(in, activation, out);
  }
  void do_rotate(Tensor rows,
                 std::span<const int32_t> positions,
                 std::span<const float> frequencies,
                 Rotation direction) override {
    reference::rotate(rows, positions, frequencies, direction);
  }
  void do_attention(const AttentionOperands& operands, Tensor out) override {
    reference::attention(operands, out);
  }
  void do_add_and_normalize(ConstTensor in,
                            ConstTensor residual,
                            const LayerNorm& layer_norm,
                            Dropout dropout,
                            Tensor out,
                            const NormalizedRows& keep,
                            Tensor sum) override {
    reference::add_and_normalize(in, residual, layer_norm, dropout, out, keep, sum);
  }
  void do_pool(ConstTensor hidden,
               std::span<const int32_t> starts,
               Pooling pooling,
               Tensor out) override {
    reference::pool(hidden, starts, pooling, out);
  }
  void do_apply_dropout(ConstTensor in, Dropout dropout, Tensor out) override {
    reference::apply_dropout(in, dropout, out);
  }
  void do_softmax_cross_entropy(ConstTensor logits,
                                std::span<const int32_t> labels,
                                const CrossEntropy& options,
                                std::span<float> losses,
                                Tensor d_logits) override {
    reference::softmax_cross_entropy(logits, labels, options, losses, d_logits);
  }
  void do_embed_backward(const TokenInputs& tokens,
                         const NormalizedRows& kept,
                         std::span<const float> scale,
                         Dropout dropout,
                         Tensor d_out,
                         const EmbeddingGradient& gradient) override {
    reference::embed_backward(tokens, kept, scale, dropout, d_out, gradient);
  }
  void do_add_rows(ConstTensor d_rows, std::span<const int32_t> slots, Tensor d_table) override {
    reference::add_rows(d_rows, slots, d_table);
  }
  void do_linear_backward(ConstTensor in,
                          const PreparedWeight& weight,
                          Activation activation,
                          ConstTensor pre_activation,
                          Tensor d_out,
                          const LinearGradient& gradient) override {
    reference::linear_backward(in, weight, activation, pre_activation, d_out, gradient);
  }
  void do_gate_backward(ConstTensor in,
                        Activation activation,
                        ConstTensor d_out,
                        Tensor d_in) override {
    reference::gate_backward(in, activation, d_out, d_in);
  }
  void do_attention_backward(const AttentionOperands& operands,
                             ConstTensor d_out,
                             const AttentionGradient& gradient) override {
    reference::attention_backward(operands, d_out, gradient);
  }
  void do_add_and_normalize_backward(const NormalizedRows& kept,
                                     std::span<const float> scale,
                                     Dropout dropout,
                                     ConstTensor d_out,
                                     Tensor d_in,
                                     Tensor d_residual,
                                     const NormGradient& gradient,
                                     ConstTensor d_sum) override {
    reference::add_and_normalize_backward(
        kept, scale, dropout, d_out, d_in, d_residual, gradient, d_sum);
  }
  void do_pool_backward(ConstTensor d_out,
                        std::span<const int32_t> starts,
                        Pooling pooling,
                        Write write,
                        Tensor d_hidden) override {
    reference::pool_backward(d_out, starts, pooling, write, d_hidden);
  }
  double do_sum_gradients(std::span<const std::span<const float>> parts,
                          std::span<float> out) override {
    return reference::sum_gradients(parts, out);
  }
  void do_adamw_step(std::span<const AdamwUpdate> updates) override {
    reference::adamw_step(updates);
  }
  void do_adamw_step_rows(const AdamwState& state,
                          std::span<const int32_t> rows,
                          ConstTensor gradient,
                          std::span<int32_t> last_steps,
                          std::span<const AdamwRates> rates) override {
    reference::adamw_step_rows(state, rows, gradient, last_steps, rates);
  }

  const DeviceTraits traits_ = {
      .name = "reference",
      // The reference rounds to each precision, on any processor.
      .precisions = {{Precision::fp32},
                     {Precision::tf32},
                     {Precision::fp16},
                     {Precision::bf16},
                     {Precision::int8}},
      .row_buckets = {WorkSizes{}.forward_tokens},
  };
};

}  // namespace

std::unique_ptr<Backend> create_reference_backend() {
  return std::make_unique<ReferenceBackend>();
}

}  // namespace fastintent
