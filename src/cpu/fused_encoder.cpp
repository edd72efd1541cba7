#include "cpu/fused_encoder.h"

#include <algorithm>
#include <numeric>

#include "cpu/kernels/attention.h"
#include "cpu/kernels/convert.h"
#include "cpu/kernels/embed.h"
#include "cpu/kernels/factor_rows.h"
#include "cpu/kernels/gate.h"
#include "cpu/kernels/rotate.h"
#include "cpu/pool.h"

namespace fastintent::cpu {
namespace {

// Rows that go through the second half of a layer together: eight tiles. Their intermediate results
// (MiniLM: 48 x 1536 f32 and their bytes, 370 KB) stay in an L2 cache of 1 MB, and the weights,
// which come from L3, are read once per 48 rows: 10 GB/s while int8 products run at full speed.
constexpr int64_t kBlockRows = 8 * kTileRows;

const PanelWeight& panels_of(const PreparedLinear& linear) {
  return PanelWeight::of(*linear.weight);
}

PanelRange panel_share(const PanelWeight& weight, const TeamMember& member) {
  const Share share = member.share(weight.layout().panels());
  return {share.begin, share.end};
}

// The panels of a dense layer that one team member computes.
void multiply_share(const Factor& in,
                    const PreparedLinear& linear,
                    Activation activation,
                    ConstTensor residual,
                    Tensor out,
                    const TeamMember& member) {
  const PanelWeight& weight = panels_of(linear);
  multiply(in, weight, panel_share(weight, member), {linear.bias, activation, residual}, out);
}

}  // namespace

void FusedEncoder::run(const TokenInputs& tokens,
                       std::span<const int32_t> starts,
                       const PreparedEncoder& encoder,
                       Team* team,
                       Tensor out) {
  const auto T = static_cast<int64_t>(tokens.ids.size());
  const auto S = static_cast<int64_t>(starts.size()) - 1;
  const int64_t H = out.columns;
  place_buffers(encoder, T, S, H);
  Team alone;
  Team& members = team != nullptr ? *team : alone;
  place_attention_scratch(starts, encoder, members.size());
  numbers_.resize(static_cast<size_t>(S) + 1);
  std::iota(numbers_.begin(), numbers_.end(), 0);
  const Sequences sequences{
      starts, numbers_, tokens.positions, encoder.heads, encoder.distance_bias};
  members.run([&](const TeamMember& member) {
    embed_rows(tokens, encoder, member);
    member.wait();
    Tensor residual = hidden_.values;
    for (const PreparedLayer& layer : encoder.layers) {
      const bool last = &layer == &encoder.layers.back();
      residual =
          run_layer(sequences, layer, residual, last ? Rows{out, as_factor(out)} : hidden_, member);
    }
  });
}

void FusedEncoder::embed_rows(const TokenInputs& tokens,
                              const PreparedEncoder& encoder,
                              const TeamMember& member) const {
  const Rows& embedded = encoder.projects_embeddings() ? embedded_ : hidden_;
  const Share share = member.share(embedded.values.rows);
  const auto part = [&](std::span<const int32_t> values) {
    return values.empty() ? values
                          : values.subspan(static_cast<size_t>(share.begin),
                                           static_cast<size_t>(share.count()));
  };
  const Rows rows = embedded.slice(share.begin, share.count());
  embed({part(tokens.ids), part(tokens.segments), part(tokens.positions)},
        encoder.tables,
        encoder.embedding_norm,
        rows.values,
        {});
  convert_rows(rows.values, rows.factor);
  if (!encoder.projects_embeddings()) {
    return;
  }
  member.wait();
  multiply_share(
      embedded_.factor, encoder.embedding_projection, Activation::none, {}, hidden_.values, member);
  member.wait();
  const Rows projected = hidden_.slice(share.begin, share.count());
  convert_rows(projected.values, projected.factor);
}

Tensor FusedEncoder::run_layer(const Sequences& sequences,
                               const PreparedLayer& layer,
                               Tensor residual,
                               Rows out,
                               const TeamMember& member) const {
  attend(sequences, layer, residual, member);
  member.wait();
  if (layer.first_rows_only()) {
    residual = residual.data == hidden_.values.data ? first_rows_.values : first_sums_;
  }
  const Tensor sums =
      layer.kind.normalizes_before() ? sums_.row_slice(0, residual.rows) : Tensor(out.values);
  for (int64_t first = 0; first < residual.rows; first += kBlockRows) {
    const int64_t count = std::min(kBlockRows, residual.rows - first);
    feed_forward(layer,
                 residual.row_slice(first, count),
                 context_.slice(first, count),
                 sums.row_slice(first, count),
                 out.slice(first, count),
                 member);
  }
  member.wait();
  return sums;
}

// context_ = attention(projections of hidden_)
void FusedEncoder::attend(const Sequences& sequences,
                          const PreparedLayer& layer,
                          Tensor residual,
                          const TeamMember& member) const {
  const int64_t H = hidden_.values.columns;
  if (!layer.first_rows_only()) {
    multiply_share(
        hidden_.factor, layer.query_key_value, Activation::none, {}, query_key_value_, member);
    member.wait();
    attend_heads(sequences,
                 layer,
                 query_key_value_.column_slice(0, H),
                 query_key_value_.column_slice(H, 2 * H),
                 member);
    return;
  }
  if (member.index() == 0) {
    pool(hidden_.values, sequences.starts, Pooling::first_token, first_rows_.values);
    convert_rows(first_rows_.values, first_rows_.factor);
    if (residual.data != hidden_.values.data) {
      pool(residual, sequences.starts, Pooling::first_token, first_sums_);
    }
  }
  member.wait();
  const Tensor key_value = query_key_value_.column_slice(H, 2 * H);
  multiply_share(hidden_.factor, layer.key_value, Activation::none, {}, key_value, member);
  multiply_share(first_rows_.factor, layer.query, Activation::none, {}, first_query_, member);
  member.wait();
  attend_heads(sequences, layer, first_query_, key_value, member);
}

// Queries and keys are rotated in place.
void FusedEncoder::attend_heads(const Sequences& sequences,
                                const PreparedLayer& layer,
                                Tensor query,
                                Tensor key_value,
                                const TeamMember& member) const {
  const int64_t H = query.columns;
  const int64_t width = H / sequences.heads;
  const Share share = member.share(sequences.heads);
  if (share.count() == 0) {
    return;
  }
  const auto own = [&](auto tensor, int64_t first) {
    return tensor.column_slice(first + share.begin * width, share.count() * width);
  };
  DistanceBias bias = sequences.distance_bias;
  if (!bias.empty()) {
    bias.table = bias.table.column_slice(share.begin, share.count());
  }
  const auto rotate_own = [&](Tensor tensor) {
    if (!layer.frequencies.empty()) {
      rotate(own(tensor, 0), sequences.positions, layer.frequencies, Rotation::forward);
    }
  };
  rotate_own(key_value);
  if (!layer.first_rows_only()) {  // a first token's angles are 0
    rotate_own(query);
  }
  attention(
      {.q = own(query, 0),
       .k = own(key_value, 0),
       .v = own(key_value, H),
       .spans = {layer.first_rows_only() ? sequences.numbers : sequences.starts, sequences.starts},
       .heads = share.count(),
       .dropout = {},
       .distance_bias = bias,
       .window = layer.kind.window},
      own(context_.values.row_slice(0, query.rows), 0),
      attention_floats_[static_cast<size_t>(member.index())]);
}

// For a block of rows:
//   attended = layer_norm(context · output + residual)
//   out = layer_norm(activation(attended · intermediate) · output + attended)
// Norms before the blocks leave the sums as they are, and the second adds to the first; `sum`
// receives the second. A gated feed-forward has gate(attended · intermediate) instead of the
// activation.
void FusedEncoder::feed_forward(const PreparedLayer& layer,
                                ConstTensor residual,
                                Rows context,
                                Tensor sum,
                                Rows out,
                                const TeamMember& member) const {
  const int64_t count = residual.rows;
  const Share share = member.share(count);
  const Rows attended = attended_.slice(0, count);
  const Rows activated = activated_.slice(0, count);
  const Tensor attended_sum =
      layer.kind.normalizes_before() ? attended_sums_.row_slice(0, count) : Tensor(attended.values);
  const Tensor gates = gates_.row_slice(0, layer.kind.is_gated() ? count : 0);
  const auto own = [&](const Rows& rows) { return rows.slice(share.begin, share.count()); };
  const auto own_of = [&](Tensor rows) { return rows.row_slice(share.begin, share.count()); };

  convert_rows(own(context).values, own(context).factor);
  member.wait();
  multiply_share(
      context.factor, layer.attention_output, Activation::none, residual, attended_sum, member);
  member.wait();
  normalize_sums(own_of(attended_sum), layer.attention_norm, own(attended));
  member.wait();
  if (layer.kind.is_gated()) {
    multiply_share(attended.factor, layer.intermediate, Activation::none, {}, gates, member);
    member.wait();
    gate(own_of(gates), layer.kind.activation, own(activated).values);
  } else {
    multiply_share(
        attended.factor, layer.intermediate, layer.kind.activation, {}, activated.values, member);
    member.wait();
  }
  convert_rows(own(activated).values, own(activated).factor);
  member.wait();
  multiply_share(activated.factor, layer.output, Activation::none, attended_sum, sum, member);
  member.wait();
  normalize_sums(own_of(sum), layer.output_norm, own(out));
}

// In place where the sums are the rows themselves.
void FusedEncoder::normalize_sums(ConstTensor sums, const LayerNorm& layer_norm, const Rows& out) {
  if (sums.data != out.values.data) {
    copy_rows(sums, out.values);
  }
  normalize_rows(out.values, layer_norm, out.factor);
}

// --- memory
// The buffers are counted first, then cut from one block: every tensor starts on a cache line.

float* FusedEncoder::take(int64_t floats) {
  constexpr int64_t kLine = 16;
  const int64_t place = taken_;
  taken_ += (floats + kLine - 1) / kLine * kLine;
  return counting_ ? nullptr : memory_.floats(taken_) + place;
}

FusedEncoder::Rows FusedEncoder::place_rows(Element element, int64_t rows, int64_t columns) {
  const Tensor values(take(rows * columns), rows, columns);
  if (element == Element::fp32) {
    return {values, as_factor(values)};
  }
  const int64_t words = words_of(element, columns);
  Factor factor{element, reinterpret_cast<uint32_t*>(take(rows * words)), words};
  if (element == Element::int8) {
    factor.scales = take(rows);
    factor.zeros = take(rows);
  }
  return {values, factor};
}

void FusedEncoder::place_buffers(const PreparedEncoder& encoder, int64_t T, int64_t S, int64_t H) {
  const PreparedLayer& layer = encoder.layers.back();
  const Element element = panels_of(layer.output).element();
  const int64_t I = layer.output.weight->columns();
  const int64_t gated = layer.kind.is_gated() ? kBlockRows : 0;
  const int64_t before = layer.kind.normalizes_before() ? 1 : 0;
  const int64_t queries = layer.first_rows_only() ? S : 0;
  for (const bool counting : {true, false}) {
    counting_ = counting;
    if (!counting) {
      memory_.floats(taken_);
    }
    taken_ = 0;
    embedded_ =
        place_rows(element, encoder.projects_embeddings() ? T : 0, encoder.tables.word.columns);
    hidden_ = place_rows(element, T, H);
    query_key_value_ = Tensor(take(T * 3 * H), T, 3 * H);
    first_rows_ = place_rows(element, queries, H);
    first_query_ = Tensor(take(queries * H), queries, H);
    context_ = place_rows(element, T, H);
    attended_ = place_rows(element, kBlockRows, H);
    activated_ = place_rows(element, kBlockRows, I);
    gates_ = Tensor(take(gated * 2 * I), gated, 2 * I);
    sums_ = Tensor(take(before * T * H), before * T, H);
    first_sums_ = Tensor(take(before * queries * H), before * queries, H);
    attended_sums_ = Tensor(take(before * kBlockRows * H), before * kBlockRows, H);
  }
}

void FusedEncoder::place_attention_scratch(std::span<const int32_t> starts,
                                           const PreparedEncoder& encoder,
                                           int members) {
  const auto count = static_cast<size_t>(members);
  attention_scratch_.resize(std::max(attention_scratch_.size(), count));
  attention_floats_.resize(count);
  const int64_t biased_heads = encoder.distance_bias.empty() ? 0 : encoder.heads;
  const int64_t floats =
      attention_scratch(starts, hidden_.values.columns / encoder.heads, biased_heads);
  for (size_t i = 0; i < count; ++i) {
    attention_floats_[i] = attention_scratch_[i].floats(floats);
  }
}

}  // namespace fastintent::cpu
