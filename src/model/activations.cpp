#include "model/activations.h"

#include <numeric>

namespace fastintent {

// Every prepare() makes the same claims in the same order, so claim n always returns buffer n,
// which grows when a batch needs more. Under Keep::scratch the layers share one set of claims, and
// `input` and `out` are the same memory: the residual of the second half is attention_sum, so the
// input is no longer needed by then. Both sums of a layer that are kept apart from their norms are
// one memory, and under Keep::scratch those of all layers are: each is the one before with a block's
// output added.

Activations::Activations(Backend& backend, const ModelConfig& config, Keep keep)
    : backend_(backend), config_(config), keep_(keep) {}

Tensor Activations::claim(int64_t rows, int64_t columns) {
  if (next_buffer_ == buffers_.size()) {
    buffers_.emplace_back();
  }
  Buffer& buffer = buffers_[next_buffer_++];
  if (buffer.size() < round_up_to_tile(rows) * columns) {
    // A quarter more than needed, so that slowly growing batches do not allocate each time.
    const int64_t roomy = round_up_to_tile(rows + rows / 4);
    buffer = Buffer();
    buffer = backend_.allocate(roomy, columns);
  }
  return buffer.tensor(rows, columns);
}

NormalizedRows Activations::claim_normal(int64_t rows, int64_t width) {
  if (keep_ != Keep::everything) {
    return {};
  }
  const Tensor normal = claim(rows, width);
  return {normal, claim(rows, 1).flat()};
}

void Activations::place_layer(LayerActivations& layer, bool first_rows_only) {
  const int64_t H = config_.encoder.hidden;
  const int64_t rows = first_rows_only ? sequences_ : tokens_;
  const bool everything = keep_ == Keep::everything;
  layer.first_rows = first_rows_only ? claim(rows, H) : Tensor{};
  layer.first_residual =
      first_rows_only && !layer.adds_to_input() ? claim(rows, H) : layer.first_rows;
  layer.query = first_rows_only ? claim(rows, H) : Tensor{};
  layer.query_key_value = claim(tokens_, first_rows_only ? 2 * H : 3 * H);
  layer.context = claim(rows, H);
  layer.projected = claim(rows, H);
  layer.attention_normal = claim_normal(rows, H);
  layer.attention_out = claim(rows, H);
  layer.attention_sum = kind().normalizes_before() ? claim(rows, H) : layer.attention_out;
  layer.pre_activation = everything || kind().is_gated()
                             ? claim(rows, config_.encoder.feed_forward_width())
                             : Tensor{};
  layer.activated = claim(rows, config_.encoder.intermediate);
  layer.output_normal = claim_normal(rows, H);
  layer.out = everything || first_rows_only ? claim(rows, H) : input;
  layer.sum = kind().normalizes_before() ? layer.attention_sum : layer.out;
}

void Activations::place_layers() {
  const int64_t E = config_.encoder.embedding_width();
  embedded = claim(tokens_, E);
  embedded_normal = claim_normal(tokens_, E);
  input = config_.encoder.embedding > 0 ? claim(tokens_, config_.encoder.hidden) : embedded;
  layers.resize(static_cast<size_t>(config_.encoder.layers));
  const size_t first_claim = next_buffer_;
  const Tensor* rows = &input;
  const Tensor* residual = &input;
  for (LayerActivations& layer : layers) {
    const bool last = &layer == &layers.back();
    const bool first_rows_only = last && config_.pooling() == Pooling::first_token;
    // The last layer under first-token pooling has claims of its own shape, which follow the shared
    // ones.
    if (keep_ == Keep::scratch && !first_rows_only) {
      next_buffer_ = first_claim;
    }
    layer.input = *rows;
    layer.residual = *residual;
    place_layer(layer, first_rows_only);
    rows = &layer.out;
    residual = &layer.sum;
  }
}

void Activations::place_head() {
  const int64_t H = config_.encoder.hidden;
  const auto C = static_cast<int64_t>(config_.intents.size());
  head.pooled = claim(sequences_, H);
  head.pre_dense = keep_ == Keep::everything ? claim(sequences_, H) : Tensor{};
  head.dense_normal =
      config_.head_shape().has_norm ? claim_normal(sequences_, H) : NormalizedRows{};
  head.dense = claim(sequences_, H);
  head.logits = claim(sequences_, C);
}

void Activations::place_gradients() {
  const int64_t H = config_.encoder.hidden;
  gradients.hidden = claim(tokens_, H);
  gradients.residual = claim(tokens_, H);
  gradients.branch = claim(tokens_, H);
  gradients.query_key_value = claim(tokens_, 3 * H);
  gradients.sum = kind().normalizes_before() ? claim(tokens_, H) : Tensor{};
  gradients.intermediate = claim(tokens_, config_.encoder.intermediate);
  gradients.gates =
      kind().is_gated() ? claim(tokens_, config_.encoder.feed_forward_width()) : Tensor{};
  if (const int64_t E = config_.encoder.embedding; E > 0) {
    gradients.embedded = claim(tokens_, E);
    gradients.embedded_rows = claim(tokens_, E);
  }
  gradients.head = claim(sequences_, H);
  gradients.logits = claim(sequences_, static_cast<int64_t>(config_.intents.size()));
  gradients.losses = claim(sequences_, 1);
}

void Activations::prepare(int64_t tokens, int64_t sequences) {
  tokens_ = tokens;
  sequences_ = sequences;
  next_buffer_ = 0;
  place_layers();
  place_head();
  if (keep_ == Keep::everything) {
    place_gradients();
  }
  sequence_numbers.resize(static_cast<size_t>(sequences) + 1);
  std::iota(sequence_numbers.begin(), sequence_numbers.end(), 0);
}

void Activations::prepare_encoded(int64_t tokens, int64_t sequences) {
  tokens_ = tokens;
  sequences_ = sequences;
  next_buffer_ = 0;
  const bool first_rows_only = config_.pooling() == Pooling::first_token;
  encoded = claim(first_rows_only ? sequences : tokens, config_.encoder.hidden);
  place_head();
}

}  // namespace fastintent
