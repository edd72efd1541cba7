#include <vector>

#include "reference/dropped.h"
#include "reference/layer_norm.h"
#include "reference/reference_operations.h"

namespace fastintent::reference {
namespace {

int32_t segment_of(const TokenInputs& tokens, int64_t t) {
  return tokens.segments.empty() ? 0 : tokens.segments[static_cast<size_t>(t)];
}

}  // namespace

void embed(const TokenInputs& tokens,
           const EmbeddingTables& tables,
           const LayerNorm& layer_norm,
           const Dropout& dropout,
           Tensor out,
           const NormalizedRows& keep) {
  const int64_t H = out.columns;
  std::vector<double> row(static_cast<size_t>(H));
  for (int64_t t = 0; t < out.rows; ++t) {
    for (int64_t h = 0; h < H; ++h) {
      row[h] = static_cast<double>(tables.word.row(tokens.ids[t])[h]);
      if (!tables.position.empty()) {
        row[h] += tables.position.row(tokens.positions[t])[h];
      }
      if (!tables.segment.empty()) {
        row[h] += tables.segment.row(segment_of(tokens, t))[h];
      }
    }
    normalize_row(row, layer_norm, t, keep);
    for (int64_t h = 0; h < H; ++h) {
      out.row(t)[h] = static_cast<float>(dropped(row[h], dropout, element_index(t, H, h)));
    }
  }
}

void embed_backward(const TokenInputs& tokens,
                    const NormalizedRows& kept,
                    std::span<const float> scale,
                    const Dropout& dropout,
                    ConstTensor d_out,
                    const EmbeddingGradient& gradient) {
  const auto& [d_rows, d_position, d_segment, norm] = gradient;
  const int64_t H = d_out.columns;
  Sums scale_sums(1, H);
  Sums shift_sums(1, H);
  Sums position_sums(d_position.rows, H);
  Sums segment_sums(d_segment.rows, H);
  std::vector<double> row(static_cast<size_t>(H));
  for (int64_t t = 0; t < d_out.rows; ++t) {
    for (int64_t h = 0; h < H; ++h) {
      row[h] = dropped(d_out.row(t)[h], dropout, element_index(t, H, h));
    }
    normalize_row_backward(row, kept, scale, t, scale_sums, shift_sums);
    for (int64_t h = 0; h < H; ++h) {
      d_rows.row(t)[h] = static_cast<float>(row[h]);
      if (!d_position.empty()) {
        position_sums.row(tokens.positions[t])[h] += row[h];
      }
      if (!d_segment.empty()) {
        segment_sums.row(segment_of(tokens, t))[h] += row[h];
      }
    }
  }
  position_sums.store(d_position, norm.write);
  segment_sums.store(d_segment, norm.write);
  scale_sums.store(norm.d_scale, norm.write);
  if (!norm.d_shift.empty()) {
    shift_sums.store(norm.d_shift, norm.write);
  }
}

void add_rows(ConstTensor d_rows, std::span<const int32_t> slots, Tensor d_table) {
  Sums sums(d_table.rows, d_table.columns);
  for (int64_t t = 0; t < d_rows.rows; ++t) {
    for (int64_t h = 0; h < d_rows.columns; ++h) {
      sums.row(slots[t])[h] += d_rows.row(t)[h];
    }
  }
  sums.store(d_table, Write::accumulate);
}

}  // namespace fastintent::reference
