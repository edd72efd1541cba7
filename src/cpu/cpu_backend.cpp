#include "cpu/cpu_backend.h"

#include <algorithm>
#include <string>

#include "compute/host_memory.h"
#include "cpu/cross_entropy.h"
#include "cpu/fastest_precision.h"
#include "cpu/fused_encoder.h"
#include "cpu/instruction_set.h"
#include "cpu/kernels/adamw.h"
#include "cpu/kernels/attention.h"
#include "cpu/kernels/convert.h"
#include "cpu/kernels/dropout.h"
#include "cpu/kernels/embed.h"
#include "cpu/kernels/gate.h"
#include "cpu/kernels/gradients.h"
#include "cpu/kernels/layer_norm.h"
#include "cpu/kernels/rotate.h"
#include "cpu/linear.h"
#include "cpu/pool.h"
#include "cpu/scratch.h"

namespace fastintent {
namespace {

SupportedPrecision supported(Precision precision) {
  return {precision, cpu::panel_layout_name(cpu::element_of(precision))};
}

DeviceTraits cpu_traits() {
  DeviceTraits traits;
  traits.name = "cpu (" + std::string(cpu::instruction_set()) + ")";
  traits.precisions = {
      supported(Precision::fp32), supported(Precision::bf16), supported(Precision::int8)};
  traits.fast = cpu::fast_precisions();
  traits.plain.reason = "this processor has no dot products that make int8 or bf16 much faster";
  traits.training = cpu::bf16_pays() ? Precision::bf16 : Precision::fp32;
  // Attention and products may choose kernels by the number of row tiles.
  for (int64_t rows = kRowTile; rows <= traits.work_sizes.forward_tokens; rows += kRowTile) {
    traits.row_buckets.push_back(rows);
  }
  return traits;
}

// Operations on the processor: matrix products by oneDNN (cpu/linear.h), everything else by kernels
// that are compiled once for each instruction set (cpu/kernels). It uses one thread (law 3).
class CpuBackend final : public Backend {
 public:
  const DeviceTraits& traits() const override { return traits_; }
  void synchronize() override {}

 private:
  Buffer do_allocate(int64_t floats) override { return allocate_host_memory(floats); }

  void do_upload(ConstTensor host, Tensor out) override { cpu::copy_rows(host, out); }
  void do_download(ConstTensor in, Tensor host) override { cpu::copy_rows(in, host); }
  void do_clear(Tensor out) override { cpu::clear_rows(out); }

  std::unique_ptr<PreparedWeight> do_prepare_weight(ConstTensor weight,
                                                    Precision precision,
                                                    WeightUse use) override {
    if (use == WeightUse::inference) {
      return std::make_unique<cpu::PanelWeight>(weight, precision, cpu::int8_uses_amx());
    }
    return std::make_unique<cpu::TrainingWeight>(weight, precision);
  }

  std::unique_ptr<PreparedWeight> do_adopt_weight(std::span<const std::byte> bytes,
                                                  int64_t output_width,
                                                  int64_t input_width,
                                                  Precision precision) override {
    const cpu::PanelLayout layout{cpu::element_of(precision), output_width, input_width};
    return std::make_unique<cpu::PanelWeight>(layout, bytes, cpu::int8_uses_amx());
  }

  int64_t packed_bytes(int64_t output_width,
                       int64_t input_width,
                       Precision precision) const override {
    return cpu::PanelLayout{cpu::element_of(precision), output_width, input_width}.total_bytes();
  }

  void do_refresh_weight(PreparedWeight& weight, int64_t first, int64_t count) override {
    cpu::refresh_weight(weight, first, count);
  }

  void do_embed(const TokenInputs& tokens,
                const EmbeddingTables& tables,
                const LayerNorm& layer_norm,
                Dropout dropout,
                Tensor out,
                const NormalizedRows& keep) override {
    cpu::embed(tokens, tables, layer_norm, out, keep);
    if (dropout.rate > 0) {
      cpu::apply_dropout(out, dropout, out);
    }
  }

  void do_linear(ConstTensor in,
                 const PreparedWeight& weight,
                 std::span<const float> bias,
                 Activation activation,
                 Tensor out,
                 Tensor pre_activation) override {
    linear_.forward(in, weight, bias, activation, out, pre_activation);
  }

  void do_gate(ConstTensor in, Activation activation, Tensor out) override {
    cpu::gate(in, activation, out);
  }
  void do_rotate(Tensor rows,
                 std::span<const int32_t> positions,
                 std::span<const float> frequencies,
                 Rotation direction) override {
    cpu::rotate(rows, positions, frequencies, direction);
  }

  void do_attention(const AttentionOperands& operands, Tensor out) override {
    cpu::attention(operands, out, attention_scratch(operands));
  }

  void do_add_and_normalize(ConstTensor in,
                            ConstTensor residual,
                            const LayerNorm& layer_norm,
                            Dropout dropout,
                            Tensor out,
                            const NormalizedRows& keep,
                            Tensor sum) override {
    cpu::add_and_normalize(in, residual, layer_norm, dropout, out, keep, sum);
  }

  void do_pool(ConstTensor hidden,
               std::span<const int32_t> starts,
               Pooling pooling,
               Tensor out) override {
    cpu::pool(hidden, starts, pooling, out);
  }

  void do_apply_dropout(ConstTensor in, Dropout dropout, Tensor out) override {
    cpu::apply_dropout(in, dropout, out);
  }

  bool do_try_encode(const TokenInputs& tokens,
                     std::span<const int32_t> starts,
                     const PreparedEncoder& encoder,
                     Team* team,
                     Tensor out) override {
    encoder_.run(tokens, starts, encoder, team, out);
    return true;
  }

  void do_softmax_cross_entropy(ConstTensor logits,
                                std::span<const int32_t> labels,
                                const CrossEntropy& options,
                                std::span<float> losses,
                                Tensor d_logits) override {
    cpu::softmax_cross_entropy(logits, labels, options, losses, d_logits);
  }

  void do_embed_backward(const TokenInputs& tokens,
                         const NormalizedRows& kept,
                         std::span<const float> scale,
                         Dropout dropout,
                         Tensor d_out,
                         const EmbeddingGradient& gradient) override {
    const auto& [d_rows, d_position, d_segment, norm] = gradient;
    if (dropout.rate > 0) {
      cpu::apply_dropout(d_out, dropout, d_out);
    }
    do_add_and_normalize_backward(kept, scale, {}, d_out, d_rows, d_rows, norm, {});
    if (norm.write == Write::overwrite) {
      cpu::clear_rows(d_position);
      cpu::clear_rows(d_segment);
    }
    if (!d_position.empty()) {
      cpu::add_rows(d_rows, tokens.positions, d_position);
    }
    if (d_segment.empty()) {
      return;
    }
    if (tokens.segments.empty()) {
      cpu::sum_columns(
          d_rows, Write::accumulate, {d_segment.data, static_cast<size_t>(d_segment.columns)});
    } else {
      cpu::add_rows(d_rows, tokens.segments, d_segment);
    }
  }

  void do_add_rows(ConstTensor d_rows, std::span<const int32_t> slots, Tensor d_table) override {
    cpu::add_rows(d_rows, slots, d_table);
  }

  void do_linear_backward(ConstTensor in,
                          const PreparedWeight& weight,
                          Activation activation,
                          ConstTensor pre_activation,
                          Tensor d_out,
                          const LinearGradient& gradient) override {
    linear_.backward(in, weight, activation, pre_activation, d_out, gradient);
  }

  void do_gate_backward(ConstTensor in,
                        Activation activation,
                        ConstTensor d_out,
                        Tensor d_in) override {
    cpu::gate_backward(in, activation, d_out, d_in);
  }

  void do_attention_backward(const AttentionOperands& operands,
                             ConstTensor d_out,
                             const AttentionGradient& gradient) override {
    cpu::attention_backward(operands, d_out, gradient, attention_scratch(operands));
  }

  void do_add_and_normalize_backward(const NormalizedRows& kept,
                                     std::span<const float> scale,
                                     Dropout dropout,
                                     ConstTensor d_out,
                                     Tensor d_in,
                                     Tensor d_residual,
                                     const NormGradient& gradient,
                                     ConstTensor d_sum) override {
    if (gradient.write == Write::overwrite) {
      std::ranges::fill(gradient.d_scale, 0.0F);
      std::ranges::fill(gradient.d_shift, 0.0F);
    }
    // A norm without a shift discards the kernel's sums.
    NormGradient sums = gradient;
    if (sums.d_shift.empty()) {
      sums.d_shift = {scratch_.floats(d_out.columns), static_cast<size_t>(d_out.columns)};
    }
    cpu::add_and_normalize_backward(kept, scale, dropout, d_out, d_in, d_residual, sums, d_sum);
  }

  void do_pool_backward(ConstTensor d_out,
                        std::span<const int32_t> starts,
                        Pooling pooling,
                        Write write,
                        Tensor d_hidden) override {
    cpu::pool_backward(d_out, starts, pooling, write, d_hidden);
  }

  double do_sum_gradients(std::span<const std::span<const float>> parts,
                          std::span<float> out) override {
    return cpu::sum_gradients(parts, out);
  }

  void do_adamw_step(std::span<const AdamwUpdate> updates) override {
    for (const AdamwUpdate& update : updates) {
      adamw_step_and_refresh(update);
    }
  }

  void do_adamw_step_rows(const AdamwState& state,
                          std::span<const int32_t> rows,
                          ConstTensor gradient,
                          std::span<int32_t> last_steps,
                          std::span<const AdamwRates> rates) override {
    cpu::adamw_step_rows(state, rows, gradient, last_steps, rates);
  }

  // Updates in stretches whose values stay in the cache between update and refresh: 16K floats each
  // of parameters, gradient and two moments are 256 KB, which fit into any L2.
  static void adamw_step_and_refresh(const AdamwUpdate& update) {
    constexpr size_t kStretch = 16384;
    const auto K = static_cast<size_t>(update.weight != nullptr ? update.weight->columns() : 1);
    const size_t stretch = std::max<size_t>(1, kStretch / K) * K;
    for (size_t first = 0; first < update.gradient.size(); first += stretch) {
      const size_t count = std::min(stretch, update.gradient.size() - first);
      cpu::adamw_step({update.state.parameters.subspan(first, count),
                       update.state.first_moment.subspan(first, count),
                       update.state.second_moment.subspan(first, count)},
                      update.gradient.subspan(first, count),
                      update.rates);
      if (update.weight == nullptr) {
        continue;
      }
      cpu::refresh_weight(*update.weight,
                          update.first_row + static_cast<int64_t>(first / K),
                          static_cast<int64_t>(count / K));
    }
  }

  float* attention_scratch(const AttentionOperands& operands) {
    const int64_t width = operands.q.columns / operands.heads;
    const int64_t biased_heads = operands.distance_bias.empty() ? 0 : operands.heads;
    return scratch_.floats(cpu::attention_scratch(operands.spans.key_starts, width, biased_heads));
  }

  // Declared first, because the instruction set must be chosen before any product runs.
  const DeviceTraits traits_ = cpu_traits();
  cpu::Linear linear_;
  cpu::FusedEncoder encoder_;
  cpu::Scratch scratch_;
};

}  // namespace

std::unique_ptr<Backend> create_cpu_backend() {
  return std::make_unique<CpuBackend>();
}

}  // namespace fastintent
