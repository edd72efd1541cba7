#include "cpu/fused_encoder.h"

#include <algorithm>
#include <numeric>

#include "cpu/kernels/attention.h"
#include "cpu/kernels/embed.h"
#include "cpu/kernels/factor_rows.h"
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

bool FusedEncoder::supports(const PreparedEncoder& encoder) {
  return std::ranges::all_of(encoder.layers, [](const PreparedLayer& layer) {
    LayerKind supported;
    supported.activation = layer.kind.activation;
    return layer.kind == supported;
  });
}

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
  const Sequences sequences{starts, numbers_, encoder.heads, encoder.distance_bias};
  members.run([&](const TeamMember& member) {
    embed_rows(tokens, encoder, member);
    member.wait();
    for (const PreparedLayer& layer : encoder.layers) {
      const bool last = &layer == &encoder.layers.back();
      run_layer(sequences, layer, last ? Rows{out, as_factor(out)} : hidden_, member);
    }
  });
}

void FusedEncoder::embed_rows(const TokenInputs& tokens,
                              const PreparedEncoder& encoder,
                              const TeamMember& member) const {
  const Share share = member.share(hidden_.values.rows);
  const auto part = [&](std::span<const int32_t> values) {
    return values.empty() ? values
                          : values.subspan(static_cast<size_t>(share.begin),
                                           static_cast<size_t>(share.count()));
  };
  const Rows rows = hidden_.slice(share.begin, share.count());
  embed({part(tokens.ids), part(tokens.segments), part(tokens.positions)},
        encoder.tables,
        encoder.embedding_norm,
        rows.values,
        {});
  convert_rows(rows.values, rows.factor);
}

void FusedEncoder::run_layer(const Sequences& sequences,
                             const PreparedLayer& layer,
                             Rows out,
                             const TeamMember& member) const {
  attend(sequences, layer, member);
  member.wait();
  const Tensor residual = layer.first_rows_only() ? first_rows_.values : hidden_.values;
  for (int64_t first = 0; first < residual.rows; first += kBlockRows) {
    const int64_t count = std::min(kBlockRows, residual.rows - first);
    feed_forward(layer,
                 residual.row_slice(first, count),
                 context_.slice(first, count),
                 out.slice(first, count),
                 member);
  }
  member.wait();
}

// context_ = attention(projections of hidden_)
void FusedEncoder::attend(const Sequences& sequences,
                          const PreparedLayer& layer,
                          const TeamMember& member) const {
  const int64_t H = hidden_.values.columns;
  if (!layer.first_rows_only()) {
    multiply_share(
        hidden_.factor, layer.query_key_value, Activation::none, {}, query_key_value_, member);
    member.wait();
    attend_heads(query_key_value_.column_slice(0, H),
                 query_key_value_.column_slice(H, 2 * H),
                 {sequences.starts, sequences.starts},
                 sequences,
                 member);
    return;
  }
  if (member.index() == 0) {
    pool(hidden_.values, sequences.starts, Pooling::first_token, first_rows_.values);
    convert_rows(first_rows_.values, first_rows_.factor);
  }
  member.wait();
  const Tensor key_value = query_key_value_.column_slice(H, 2 * H);
  multiply_share(hidden_.factor, layer.key_value, Activation::none, {}, key_value, member);
  multiply_share(first_rows_.factor, layer.query, Activation::none, {}, first_query_, member);
  member.wait();
  attend_heads(first_query_, key_value, {sequences.numbers, sequences.starts}, sequences, member);
}

void FusedEncoder::attend_heads(ConstTensor query,
                                ConstTensor key_value,
                                AttentionSpans spans,
                                const Sequences& sequences,
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
  attention({.q = own(query, 0),
             .k = own(key_value, 0),
             .v = own(key_value, H),
             .spans = spans,
             .heads = share.count(),
             .dropout = {},
             .distance_bias = bias},
            own(context_.values.row_slice(0, query.rows), 0),
            attention_floats_[static_cast<size_t>(member.index())]);
}

// For a block of rows:
//   attended = layer_norm(context · output + residual)
//   out = layer_norm(activation(attended · intermediate) · output + attended)
void FusedEncoder::feed_forward(const PreparedLayer& layer,
                                ConstTensor residual,
                                Rows context,
                                Rows out,
                                const TeamMember& member) const {
  const int64_t count = residual.rows;
  const Share share = member.share(count);
  const Rows attended = attended_.slice(0, count);
  const Rows activated = activated_.slice(0, count);
  const auto own = [&](const Rows& rows) { return rows.slice(share.begin, share.count()); };

  convert_rows(own(context).values, own(context).factor);
  member.wait();
  multiply_share(
      context.factor, layer.attention_output, Activation::none, residual, attended.values, member);
  member.wait();
  normalize_rows(own(attended).values, layer.attention_norm, own(attended).factor);
  member.wait();
  multiply_share(
      attended.factor, layer.intermediate, layer.kind.activation, {}, activated.values, member);
  member.wait();
  convert_rows(own(activated).values, own(activated).factor);
  member.wait();
  multiply_share(
      activated.factor, layer.output, Activation::none, attended.values, out.values, member);
  member.wait();
  normalize_rows(own(out).values, layer.output_norm, own(out).factor);
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
  const int64_t I = layer.intermediate.weight->rows();
  const int64_t queries = layer.first_rows_only() ? S : 0;
  for (const bool counting : {true, false}) {
    counting_ = counting;
    if (!counting) {
      memory_.floats(taken_);
    }
    taken_ = 0;
    hidden_ = place_rows(element, T, H);
    query_key_value_ = Tensor(take(T * 3 * H), T, 3 * H);
    first_rows_ = place_rows(element, queries, H);
    first_query_ = Tensor(take(queries * H), queries, H);
    context_ = place_rows(element, T, H);
    attended_ = place_rows(element, kBlockRows, H);
    activated_ = place_rows(element, kBlockRows, I);
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
