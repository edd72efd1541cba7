#include "compute/backend.h"
#include "compute/shape_checks.h"

// Backward operations. A call without rows is still passed to the device where it overwrites a
// parameter gradient: the result is zero, and only the device can write its memory.
namespace fastintent {
namespace {

void check_normalize_backward(std::string_view operation,
                              const NormalizedRows& kept,
                              std::span<const float> scale,
                              ConstTensor d_out,
                              const NormGradient& gradient) {
  check_shape(operation, "d_out", d_out, kAnySize, kAnySize);
  check_shape(operation, "kept normal", kept.normal, d_out.rows, d_out.columns);
  check_size(operation, "kept inverse_deviation", kept.inverse_deviation.size(), d_out.rows);
  check_size(operation, "scale", scale.size(), d_out.columns);
  check_size(operation, "d_scale", gradient.d_scale.size(), d_out.columns);
  if (!gradient.d_shift.empty()) {
    check_size(operation, "d_shift", gradient.d_shift.size(), d_out.columns);
  }
}

bool nothing_to_write(int64_t rows, Write parameter_write) {
  return rows == 0 && parameter_write == Write::accumulate;
}

}  // namespace

void Backend::embed_backward(const TokenInputs& tokens,
                             const NormalizedRows& kept,
                             std::span<const float> scale,
                             Dropout dropout,
                             Tensor d_out,
                             const EmbeddingGradient& gradient) {
  constexpr std::string_view kOperation = "embed_backward";
  const auto& [d_rows, d_position, d_segment, norm] = gradient;
  check_normalize_backward(kOperation, kept, scale, d_out, norm);
  check_dropout(kOperation, dropout);
  check_shape(kOperation, "d_rows", d_rows, d_out.rows, d_out.columns);
  check_size(kOperation, "positions", tokens.positions.size(), d_out.rows);
  if (!d_position.empty()) {
    check_shape(kOperation, "d_position", d_position, kAnySize, d_out.columns);
    check_indices(kOperation, "position", tokens.positions, d_position.rows);
  }
  if (!tokens.segments.empty()) {
    check_size(kOperation, "segments", tokens.segments.size(), d_out.rows);
  }
  if (!d_segment.empty()) {
    check_shape(kOperation, "d_segment", d_segment, kAnySize, d_out.columns);
    check_indices(kOperation, "segment", tokens.segments, d_segment.rows);
  }
  if (!nothing_to_write(d_out.rows, norm.write)) {
    do_embed_backward(tokens, kept, scale, dropout, d_out, gradient);
  }
}

void Backend::add_rows(ConstTensor d_rows, std::span<const int32_t> slots, Tensor d_table) {
  check_shape("add_rows", "d_rows", d_rows, static_cast<int64_t>(slots.size()), kAnySize);
  check_shape("add_rows", "d_table", d_table, kAnySize, d_rows.columns);
  check_indices("add_rows", "slot", slots, d_table.rows);
  if (d_rows.size() > 0) {
    do_add_rows(d_rows, slots, d_table);
  }
}

void Backend::linear_backward(ConstTensor in,
                              const PreparedWeight& weight,
                              Activation activation,
                              ConstTensor pre_activation,
                              Tensor d_out,
                              const LinearGradient& gradient) {
  constexpr std::string_view kOperation = "linear_backward";
  const int64_t N = weight.rows();
  const int64_t K = weight.columns();
  check_shape(kOperation, "in", in, kAnySize, K);
  check_shape(kOperation, "d_out", d_out, in.rows, N);
  if (activation != Activation::none) {
    check_shape(kOperation, "pre_activation", pre_activation, in.rows, N);
  }
  if (!gradient.d_in.empty()) {
    check_shape(kOperation, "d_in", gradient.d_in, in.rows, K);
  }
  check_shape(kOperation, "d_weight", gradient.d_weight, N, K);
  if (!gradient.d_bias.empty()) {
    check_size(kOperation, "d_bias", gradient.d_bias.size(), N);
  }
  if (!nothing_to_write(in.rows, gradient.write)) {
    do_linear_backward(in, weight, activation, pre_activation, d_out, gradient);
  }
}

void Backend::gate_backward(ConstTensor in, Activation activation, ConstTensor d_out, Tensor d_in) {
  check_shape("gate_backward", "d_out", d_out, kAnySize, kAnySize);
  check_shape("gate_backward", "in", in, d_out.rows, 2 * d_out.columns);
  check_shape("gate_backward", "d_in", d_in, d_out.rows, 2 * d_out.columns);
  if (d_out.size() > 0) {
    do_gate_backward(in, activation, d_out, d_in);
  }
}

void Backend::attention_backward(const AttentionOperands& operands,
                                 ConstTensor d_out,
                                 const AttentionGradient& gradient) {
  constexpr std::string_view kOperation = "attention_backward";
  check_attention(kOperation, operands);
  const ConstTensor q = operands.q;
  const ConstTensor k = operands.k;
  check_shape(kOperation, "d_out", d_out, q.rows, q.columns);
  check_shape(kOperation, "d_q", gradient.d_q, q.rows, q.columns);
  check_shape(kOperation, "d_k", gradient.d_k, k.rows, k.columns);
  check_shape(kOperation, "d_v", gradient.d_v, k.rows, k.columns);
  const ConstTensor table = operands.distance_bias.table;
  check_shape(kOperation, "d_distance_bias", gradient.d_distance_bias, table.rows, table.columns);
  if (!gradient.d_distance_bias.contiguous()) {
    fail_check(kOperation, "d_distance_bias without gaps between its rows", "gaps");
  }
  // Keys without a query still have a gradient: zero.
  if (k.size() > 0) {
    do_attention_backward(operands, d_out, gradient);
  }
}

void Backend::add_and_normalize_backward(const NormalizedRows& kept,
                                         std::span<const float> scale,
                                         Dropout dropout,
                                         ConstTensor d_out,
                                         Tensor d_in,
                                         Tensor d_residual,
                                         const NormGradient& gradient,
                                         ConstTensor d_sum) {
  constexpr std::string_view kOperation = "add_and_normalize_backward";
  check_normalize_backward(kOperation, kept, scale, d_out, gradient);
  check_dropout(kOperation, dropout);
  check_shape(kOperation, "d_in", d_in, d_out.rows, d_out.columns);
  check_shape(kOperation, "d_residual", d_residual, d_out.rows, d_out.columns);
  if (!d_sum.empty()) {
    check_shape(kOperation, "d_sum", d_sum, d_out.rows, d_out.columns);
  }
  if (d_out.size() > 0 && dropout.rate > 0 && d_in.data == d_residual.data) {
    fail_check(kOperation, "d_in apart from d_residual under dropout", "the same tensor");
  }
  if (!nothing_to_write(d_out.rows, gradient.write)) {
    do_add_and_normalize_backward(kept, scale, dropout, d_out, d_in, d_residual, gradient, d_sum);
  }
}

void Backend::pool_backward(ConstTensor d_out,
                            std::span<const int32_t> starts,
                            Pooling pooling,
                            Write write,
                            Tensor d_hidden) {
  check_shape("pool_backward", "d_hidden", d_hidden, kAnySize, kAnySize);
  check_filled_starts("pool_backward", starts, d_hidden.rows);
  check_shape(
      "pool_backward", "d_out", d_out, static_cast<int64_t>(starts.size()) - 1, d_hidden.columns);
  if (d_out.size() > 0) {
    do_pool_backward(d_out, starts, pooling, write, d_hidden);
  }
}

}  // namespace fastintent
