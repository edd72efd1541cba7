#include <vector>

#include "cuda/kernels/dropout_mask.cuh"
#include "cuda/kernels/embed.h"
#include "cuda/kernels/layer_norm.h"
#include "cuda/kernels/normal_row.cuh"
#include "cuda/kernels/slot_sums.h"

namespace fastintent::cuda {
namespace {

// ids, positions, segments [T]; without segments all are 0.
template <class Shape>
__global__ void embed_kernel(const int32_t* ids,
                             const int32_t* positions,
                             const int32_t* segments,
                             ConstTensor word,
                             ConstTensor position,
                             ConstTensor segment,
                             Normalization normalization,
                             DropoutOnDevice dropout_on_device,
                             Tensor out) {
  const int64_t t = team_index<Shape>();
  if (t >= out.rows) {
    return;
  }
  const DropoutMask dropout(dropout_on_device);
  const int64_t H = out.columns;
  const int thread = place_in_team<Shape>();
  auto row = load_part<Shape>(word.row(ids[t]), H, thread);
  if (!position.empty()) {
    const auto of_position = load_part<Shape>(position.row(positions[t]), H, thread);
    for (int i = 0; i < Shape::kValues; ++i) {
      row[i] += of_position[i];
    }
  }
  if (!segment.empty()) {
    const int32_t s = segments == nullptr ? 0 : segments[t];
    const auto of_segment = load_part<Shape>(segment.row(s), H, thread);
    for (int i = 0; i < Shape::kValues; ++i) {
      row[i] += of_segment[i];
    }
  }
  normalize_row(row, t, H, normalization);
  for_each_column<Shape>(
      H, thread, [&](int i, int column) { row[i] = dropout(row[i], t * H + column); });
  store_part(row, out.row(t), H, thread);
}

}  // namespace

void embed(Workspace& workspace,
           const TokenInputs& tokens,
           const EmbeddingTables& tables,
           const LayerNorm& layer_norm,
           const Dropout& dropout,
           Tensor out,
           const NormalizedRows& keep) {
  const int64_t H = out.columns;
  const bool vectors = are_aligned({tables.word,
                                    tables.position,
                                    tables.segment,
                                    out,
                                    keep.normal,
                                    ConstTensor(layer_norm.scale.data(), 1, H),
                                    ConstTensor(layer_norm.shift.data(), 1, H)});
  const int32_t* segments =
      tokens.segments.empty() ? nullptr : workspace.arrays.on_device(tokens.segments);
  with_row_shape(H, vectors, [&]<class Shape>(Shape) {
    launch(workspace.stream,
           embed_kernel<Shape>,
           one_team_a_row<Shape>(out.rows),
           workspace.arrays.on_device(tokens.ids),
           workspace.arrays.on_device(tokens.positions),
           segments,
           tables.word,
           tables.position,
           tables.segment,
           normalization_of(layer_norm, keep),
           DropoutOnDevice(workspace, dropout),
           out);
  });
}

void embed_backward(Workspace& workspace,
                    const TokenInputs& tokens,
                    const NormalizedRows& kept,
                    std::span<const float> scale,
                    const Dropout& dropout,
                    Tensor d_out,
                    const EmbeddingGradient& gradient) {
  const auto& [d_rows, d_position, d_segment, norm] = gradient;
  normalize_backward(workspace, kept, scale, dropout, d_out, d_rows, norm);
  if (!d_position.empty()) {
    sum_slots(workspace, d_rows, tokens.positions, norm.write, d_position);
  }
  if (d_segment.empty()) {
    return;
  }
  const std::vector<int32_t> zeros(static_cast<size_t>(d_rows.rows));
  const auto segments = tokens.segments.empty() ? std::span(zeros) : tokens.segments;
  sum_slots(workspace, d_rows, segments, norm.write, d_segment);
}

void add_rows(Workspace& workspace,
              ConstTensor d_rows,
              std::span<const int32_t> slots,
              Tensor d_table) {
  sum_slots(workspace, d_rows, slots, Write::accumulate, d_table);
}

}  // namespace fastintent::cuda
