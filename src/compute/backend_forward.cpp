#include <fmt/format.h>

#include <cmath>

#include "compute/backend.h"
#include "compute/shape_checks.h"

// Forward operations and the loss.
namespace fastintent {
namespace {

void check_layer_norm(std::string_view operation, const LayerNorm& layer_norm, int64_t H) {
  check_size(operation, "scale", layer_norm.scale.size(), H);
  if (!layer_norm.shift.empty()) {
    check_size(operation, "shift", layer_norm.shift.size(), H);
  }
}

void check_kept(std::string_view operation, const NormalizedRows& keep, ConstTensor out) {
  if (keep.normal.empty() && keep.inverse_deviation.empty()) {
    return;
  }
  check_shape(operation, "kept normal", keep.normal, out.rows, out.columns);
  check_size(operation, "kept inverse_deviation", keep.inverse_deviation.size(), out.rows);
}

void check_tokens(std::string_view operation,
                  const TokenInputs& tokens,
                  const EmbeddingTables& tables,
                  int64_t H) {
  const auto T = static_cast<int64_t>(tokens.ids.size());
  check_size(operation, "positions", tokens.positions.size(), T);
  check_shape(operation, "word table", tables.word, kAnySize, H);
  check_indices(operation, "token id", tokens.ids, tables.word.rows);
  if (!tables.position.empty()) {
    check_shape(operation, "position table", tables.position, kAnySize, H);
    check_indices(operation, "position", tokens.positions, tables.position.rows);
  }
  if (!tokens.segments.empty()) {
    check_size(operation, "segments", tokens.segments.size(), T);
  }
  if (!tables.segment.empty()) {
    check_shape(operation, "segment table", tables.segment, kAnySize, H);
    check_indices(operation, "segment", tokens.segments, tables.segment.rows);
  }
}

// H: the width of the layers
void check_embeddings(std::string_view operation,
                      const TokenInputs& tokens,
                      const PreparedEncoder& encoder,
                      int64_t H) {
  int64_t E = H;
  if (const PreparedWeight* projection = encoder.embedding_projection.weight.get()) {
    E = projection->columns();
    check_size(operation, "outputs of the projection", static_cast<size_t>(projection->rows()), H);
  }
  check_tokens(operation, tokens, encoder.tables, E);
  check_layer_norm(operation, encoder.embedding_norm, E);
}

}  // namespace

void Backend::embed(const TokenInputs& tokens,
                    const EmbeddingTables& tables,
                    const LayerNorm& layer_norm,
                    Dropout dropout,
                    Tensor out,
                    NormalizedRows keep) {
  check_shape("embed", "out", out, static_cast<int64_t>(tokens.ids.size()), kAnySize);
  check_tokens("embed", tokens, tables, out.columns);
  check_layer_norm("embed", layer_norm, out.columns);
  check_dropout("embed", dropout);
  check_kept("embed", keep, out);
  if (out.size() > 0) {
    do_embed(tokens, tables, layer_norm, dropout, out, keep);
  }
}

void Backend::linear(ConstTensor in,
                     const PreparedWeight& weight,
                     std::span<const float> bias,
                     Activation activation,
                     Tensor out,
                     Tensor pre_activation) {
  check_shape("linear", "in", in, kAnySize, weight.columns());
  check_shape("linear", "out", out, in.rows, weight.rows());
  if (!bias.empty()) {
    check_size("linear", "bias", bias.size(), weight.rows());
  }
  if (!pre_activation.empty()) {
    check_shape("linear", "pre_activation", pre_activation, in.rows, weight.rows());
  }
  if (in.rows > 0) {
    do_linear(in, weight, bias, activation, out, pre_activation);
  }
}

void Backend::gate(ConstTensor in, Activation activation, Tensor out) {
  check_shape("gate", "out", out, kAnySize, kAnySize);
  check_shape("gate", "in", in, out.rows, 2 * out.columns);
  if (out.size() > 0) {
    do_gate(in, activation, out);
  }
}

void Backend::rotate(Tensor rows,
                     std::span<const int32_t> positions,
                     std::span<const float> frequencies,
                     Rotation direction) {
  check_shape("rotate", "rows", rows, kAnySize, kAnySize);
  check_size("rotate", "positions", positions.size(), rows.rows);
  const int64_t width = 2 * static_cast<int64_t>(frequencies.size());
  if (width == 0 || rows.columns % width != 0) {
    fail_check("rotate",
               fmt::format("frequencies for half of a head's columns, of {} in all", rows.columns),
               fmt::format("{}", frequencies.size()));
  }
  if (rows.size() > 0) {
    do_rotate(rows, positions, frequencies, direction);
  }
}

void Backend::attention(const AttentionOperands& operands, Tensor out) {
  check_attention("attention", operands);
  check_shape("attention", "out", out, operands.q.rows, operands.q.columns);
  if (operands.q.size() > 0) {
    do_attention(operands, out);
  }
}

void Backend::add_and_normalize(ConstTensor in,
                                ConstTensor residual,
                                const LayerNorm& layer_norm,
                                Dropout dropout,
                                Tensor out,
                                NormalizedRows keep,
                                Tensor sum) {
  check_shape("add_and_normalize", "in", in, kAnySize, kAnySize);
  if (!residual.empty()) {
    check_shape("add_and_normalize", "residual", residual, in.rows, in.columns);
  }
  if (!sum.empty()) {
    check_shape("add_and_normalize", "sum", sum, in.rows, in.columns);
  }
  check_shape("add_and_normalize", "out", out, in.rows, in.columns);
  check_layer_norm("add_and_normalize", layer_norm, in.columns);
  check_dropout("add_and_normalize", dropout);
  check_kept("add_and_normalize", keep, out);
  if (in.size() > 0) {
    do_add_and_normalize(in, residual, layer_norm, dropout, out, keep, sum);
  }
}

void Backend::pool(ConstTensor hidden,
                   std::span<const int32_t> starts,
                   Pooling pooling,
                   Tensor out) {
  check_shape("pool", "hidden", hidden, kAnySize, kAnySize);
  check_filled_starts("pool", starts, hidden.rows);
  check_shape("pool", "out", out, static_cast<int64_t>(starts.size()) - 1, hidden.columns);
  if (out.size() > 0) {
    do_pool(hidden, starts, pooling, out);
  }
}

void Backend::apply_dropout(ConstTensor in, Dropout dropout, Tensor out) {
  check_shape("apply_dropout", "in", in, kAnySize, kAnySize);
  check_shape("apply_dropout", "out", out, in.rows, in.columns);
  check_dropout("apply_dropout", dropout);
  if (in.size() > 0) {
    do_apply_dropout(in, dropout, out);
  }
}

bool Backend::try_encode(const TokenInputs& tokens,
                         std::span<const int32_t> starts,
                         const PreparedEncoder& encoder,
                         Team* team,
                         Tensor out) {
  const auto T = static_cast<int64_t>(tokens.ids.size());
  const bool first_rows_only = !encoder.layers.empty() && encoder.layers.back().first_rows_only();
  const int64_t S = static_cast<int64_t>(starts.size()) - 1;
  check_shape("try_encode", "out", out, first_rows_only ? S : T, kAnySize);
  check_embeddings("try_encode", tokens, encoder, out.columns);
  check_filled_starts("try_encode", starts, T);
  check_distance_bias("try_encode", encoder.distance_bias, encoder.heads, starts);
  return T == 0 || do_try_encode(tokens, starts, encoder, team, out);
}

bool Backend::try_answer(const TokenInputs& tokens,
                         std::span<const int32_t> starts,
                         const PreparedEncoder& encoder,
                         const PreparedHead& head,
                         double temperature,
                         const Answers& answers) {
  const int64_t H = head.classifier.weight->columns();
  const int64_t C = head.classifier.weight->rows();
  const auto T = static_cast<int64_t>(tokens.ids.size());
  const int64_t S = static_cast<int64_t>(starts.size()) - 1;
  check_embeddings("try_answer", tokens, encoder, H);
  check_filled_starts("try_answer", starts, T);
  check_distance_bias("try_answer", encoder.distance_bias, encoder.heads, starts);
  check_size("try_answer", "texts", static_cast<size_t>(answers.best.rows), S);
  if (answers.best.columns < 1 || answers.best.columns > C) {
    fail_check("try_answer",
               fmt::format("from 1 to {} classes", C),
               fmt::format("{}", answers.best.columns));
  }
  if (!answers.logits.empty()) {
    check_shape("try_answer", "logits", answers.logits, S, C);
  }
  if (!(temperature > 0) || !std::isfinite(temperature)) {
    fail_check("try_answer", "a temperature above 0", fmt::format("{}", temperature));
  }
  return T == 0 || do_try_answer(tokens, starts, encoder, head, temperature, answers);
}

void Backend::softmax_cross_entropy(ConstTensor logits,
                                    std::span<const int32_t> labels,
                                    const CrossEntropy& options,
                                    std::span<float> losses,
                                    Tensor d_logits) {
  constexpr std::string_view kOperation = "softmax_cross_entropy";
  check_shape(kOperation, "logits", logits, static_cast<int64_t>(labels.size()), kAnySize);
  check_size(kOperation, "losses", losses.size(), logits.rows);
  check_shape(kOperation, "d_logits", d_logits, logits.rows, logits.columns);
  check_labels(kOperation, labels, logits.columns);
  if (!options.class_weights.empty()) {
    check_size(kOperation, "class_weights", options.class_weights.size(), logits.columns);
  }
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1)) {
    fail_check(
        kOperation, "label_smoothing from 0 to 1", fmt::format("{}", options.label_smoothing));
  }
  if (!(options.normalizer > 0)) {
    fail_check(kOperation, "normalizer above 0", fmt::format("{}", options.normalizer));
  }
  if (logits.rows > 0) {
    do_softmax_cross_entropy(logits, labels, options, losses, d_logits);
  }
}

}  // namespace fastintent
