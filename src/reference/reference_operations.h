#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "compute/backend.h"

// The definition of each operation, one group per file; arguments as in compute/backend.h, already
// checked. Values are summed in double and rounded to float when they are stored, so an argument
// that may be written in place is read first.
namespace fastintent::reference {

/// linear.cpp
std::unique_ptr<PreparedWeight> prepare_weight(ConstTensor weight,
                                               Precision precision,
                                               WeightUse use);
void refresh_weight(PreparedWeight& weight, int64_t first, int64_t count);
void linear(ConstTensor in,
            const PreparedWeight& weight,
            std::span<const float> bias,
            Activation activation,
            Tensor out,
            Tensor pre_activation);
void linear_backward(ConstTensor in,
                     const PreparedWeight& weight,
                     Activation activation,
                     ConstTensor pre_activation,
                     ConstTensor d_out,
                     const LinearGradient& gradient);

/// The value of an activation at x, and its derivative.
double activate(Activation activation, double x);
double derivative(Activation activation, double x);

/// gate.cpp
void gate(ConstTensor in, Activation activation, Tensor out);
void gate_backward(ConstTensor in, Activation activation, ConstTensor d_out, Tensor d_in);

/// rotate.cpp
void rotate(Tensor rows,
            std::span<const int32_t> positions,
            std::span<const float> frequencies,
            Rotation direction);

/// attention.cpp
void attention(const AttentionOperands& operands, Tensor out);
void attention_backward(const AttentionOperands& operands,
                        ConstTensor d_out,
                        const AttentionGradient& gradient);

/// embed.cpp
void embed(const TokenInputs& tokens,
           const EmbeddingTables& tables,
           const LayerNorm& layer_norm,
           const Dropout& dropout,
           Tensor out,
           const NormalizedRows& keep);
void embed_backward(const TokenInputs& tokens,
                    const NormalizedRows& kept,
                    std::span<const float> scale,
                    const Dropout& dropout,
                    ConstTensor d_out,
                    const EmbeddingGradient& gradient);
void add_rows(ConstTensor d_rows, std::span<const int32_t> slots, Tensor d_table);

/// add_and_normalize.cpp
void add_and_normalize(ConstTensor in,
                       ConstTensor residual,
                       const LayerNorm& layer_norm,
                       const Dropout& dropout,
                       Tensor out,
                       const NormalizedRows& keep,
                       Tensor sum);
void add_and_normalize_backward(const NormalizedRows& kept,
                                std::span<const float> scale,
                                const Dropout& dropout,
                                ConstTensor d_out,
                                Tensor d_in,
                                Tensor d_residual,
                                const NormGradient& gradient,
                                ConstTensor d_sum);
void apply_dropout(ConstTensor in, const Dropout& dropout, Tensor out);

/// pool.cpp
void pool(ConstTensor hidden, std::span<const int32_t> starts, Pooling pooling, Tensor out);
void pool_backward(ConstTensor d_out,
                   std::span<const int32_t> starts,
                   Pooling pooling,
                   Write write,
                   Tensor d_hidden);

/// cross_entropy.cpp
void softmax_cross_entropy(ConstTensor logits,
                           std::span<const int32_t> labels,
                           const CrossEntropy& options,
                           std::span<float> losses,
                           Tensor d_logits);

/// adamw.cpp
double sum_gradients(std::span<const std::span<const float>> parts, std::span<float> out);
void adamw_step(std::span<const AdamwUpdate> updates);
void adamw_step_rows(const AdamwState& state,
                     std::span<const int32_t> rows,
                     ConstTensor gradient,
                     std::span<int32_t> last_steps,
                     std::span<const AdamwRates> rates);

}  // namespace fastintent::reference
