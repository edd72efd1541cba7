#include <algorithm>

#include "cuda/kernels/dropout_mask.cuh"
#include "cuda/kernels/layer_norm.h"
#include "cuda/kernels/normal_row.cuh"
#include "cuda/kernels/sums.h"

namespace fastintent::cuda {
namespace {

template <class Shape>
__global__ void add_and_normalize_kernel(ConstTensor in,
                                         ConstTensor residual,
                                         DropoutOnDevice dropout_on_device,
                                         Normalization normalization,
                                         Tensor out,
                                         Tensor sums) {
  const int64_t t = team_index<Shape>();
  if (t >= in.rows) {
    return;
  }
  const DropoutMask dropout(dropout_on_device);
  const int64_t H = in.columns;
  const int thread = place_in_team<Shape>();
  auto row = load_part<Shape>(in.row(t), H, thread);
  RowPart<Shape> added;
  if (!residual.empty()) {
    added = load_part<Shape>(residual.row(t), H, thread);
  }
  for_each_column<Shape>(
      H, thread, [&](int i, int column) { row[i] = dropout(row[i], t * H + column) + added[i]; });
  if (!sums.empty()) {
    store_part(row, sums.row(t), H, thread);
  }
  normalize_row(row, t, H, normalization);
  store_part(row, out.row(t), H, thread);
}

// Two blocks for each of an H100's 132 multiprocessors: all run at once, and their sums are few
// enough to be added quickly. The count is fixed, so that the order of sums depends on the number
// of rows alone.
constexpr int64_t kMostBlocks = 256;

// sums[H] = the sum of the parts of a block's teams, in their order.
template <class Shape>
__device__ void sum_teams(const RowPart<Shape>& part, float* sums, int64_t H) {
  constexpr int kTeams = kTeamsInBlock<Shape>;
  const int thread = place_in_team<Shape>();
  if constexpr (kTeams == 1) {
    store_part(part, sums, H, thread);
  } else {
    auto* of_teams = shared_memory<float>();  // [kTeams, H]
    block_barrier();                          // no thread still reads what is overwritten next
    store_part(part, of_teams + threadIdx.x / Shape::kThreads * H, H, thread);
    block_barrier();
    for (int64_t column = threadIdx.x; column < H; column += kRowBlock) {
      float sum = of_teams[column];
      for (int team = 1; team < kTeams; ++team) {
        sum += of_teams[team * H + column];
      }
      sums[column] = sum;
    }
  }
}

template <class Shape>
constexpr int64_t sum_teams_bytes(int64_t H) {
  return kTeamsInBlock<Shape> == 1 ? 0 : kTeamsInBlock<Shape> * H * int64_t{sizeof(float)};
}

// With n the normal row and g = d_out · scale:
//   d_row = inverse_deviation · (g - mean(g) - n · mean(g · n)) + d_sum
// d_residual is d_row; d_in (or empty) is d_row through dropout. Teams process rows in turn. A team
// accumulates its rows' contributions to d_scale and d_shift in registers; the sums of a block's
// teams become its row of `partials` [blocks, 2, H]. Rows of up to 768 columns use at most 128
// registers, so that two blocks fit.
template <class Shape>
__global__ void __launch_bounds__(kRowBlock, Shape::kValues <= 24 ? 2 : 1)
    normalize_backward_kernel(ConstTensor normal,
                              const float* inverse_deviation,
                              const float* scale,
                              DropoutOnDevice dropout_of_out,
                              DropoutOnDevice dropout_of_in,
                              ConstTensor d_out,
                              ConstTensor d_sum,
                              Tensor d_in,
                              Tensor d_residual,
                              float* partials) {
  const int64_t H = d_out.columns;
  const auto width = static_cast<float>(H);
  const int thread = place_in_team<Shape>();
  const DropoutMask out_dropout(dropout_of_out);
  const DropoutMask in_dropout(dropout_of_in);
  RowPart<Shape> scale_sums;
  RowPart<Shape> shift_sums;
  const int64_t teams = int64_t{gridDim.x} * kTeamsInBlock<Shape>;
  for (int64_t t = team_index<Shape>(); t < d_out.rows; t += teams) {
    auto row = load_part<Shape>(d_out.row(t), H, thread);
    const auto n = load_part<Shape>(normal.row(t), H, thread);
    const auto scales = load_part<Shape>(scale, H, thread);
    float g_sum = 0;
    float gn_sum = 0;
    for_each_column<Shape>(H, thread, [&](int i, int column) {
      const float gradient = out_dropout(row[i], t * H + column);
      scale_sums[i] += gradient * n[i];
      shift_sums[i] += gradient;
      row[i] = gradient * scales[i];
      g_sum += row[i];
      gn_sum += row[i] * n[i];
    });
    const float g_mean = team_sum<Shape>(g_sum) / width;
    const float gn_mean = team_sum<Shape>(gn_sum) / width;
    const float inverse = inverse_deviation[t];
    for (int i = 0; i < Shape::kValues; ++i) {
      row[i] = inverse * (row[i] - g_mean - n[i] * gn_mean);
    }
    if (!d_sum.empty()) {
      const auto added = load_part<Shape>(d_sum.row(t), H, thread);
      for_each_column<Shape>(H, thread, [&](int i, int) { row[i] += added[i]; });
    }
    store_part(row, d_residual.row(t), H, thread);
    if (d_in.empty()) {
      continue;
    }
    for_each_column<Shape>(
        H, thread, [&](int i, int column) { row[i] = in_dropout(row[i], t * H + column); });
    store_part(row, d_in.row(t), H, thread);
  }

  float* block_sums = partials + blockIdx.x * 2 * H;
  sum_teams(scale_sums, block_sums, H);
  sum_teams(shift_sums, block_sums + H, H);
}

// The dropout applied to the output of the normalisation, and the one applied to its input.
struct DropoutAround {
  Dropout of_out;
  Dropout of_in;
};

// The gradients of a row: of the normalised one and, or empty, of the sum that was stored.
struct RowGradients {
  ConstTensor d_out;
  ConstTensor d_sum;
};

void rows_backward(Workspace& workspace,
                   const NormalizedRows& kept,
                   std::span<const float> scale,
                   const DropoutAround& dropout,
                   const RowGradients& rows,
                   Tensor d_in,
                   Tensor d_residual,
                   const NormGradient& gradient) {
  const auto& [d_out, d_sum] = rows;
  const int64_t H = d_out.columns;
  const bool vectors =
      are_aligned({kept.normal, d_out, d_sum, d_in, d_residual, ConstTensor(scale.data(), 1, H)});
  with_row_shape(H, vectors, [&]<class Shape>(Shape) {
    Launch shape = one_team_a_row<Shape>(rows.d_out.rows);
    shape.blocks = std::min(shape.blocks, kMostBlocks);
    shape.shared_bytes = std::max(shape.shared_bytes, sum_teams_bytes<Shape>(H));
    auto* partials = workspace.scratch.of<float>((shape.blocks * 2 + 1) * H);
    float* unwanted = partials + shape.blocks * 2 * H;
    launch(workspace.stream,
           normalize_backward_kernel<Shape>,
           shape,
           kept.normal,
           kept.inverse_deviation.data(),
           scale.data(),
           DropoutOnDevice(workspace, dropout.of_out),
           DropoutOnDevice(workspace, dropout.of_in),
           rows.d_out,
           rows.d_sum,
           d_in,
           d_residual,
           partials);
    // A norm without a shift discards the kernel's sums.
    const std::span<float> shift_sums =
        gradient.d_shift.empty() ? std::span(unwanted, gradient.d_scale.size()) : gradient.d_shift;
    add_partial_sums(
        workspace, partials, shape.blocks, gradient.write, gradient.d_scale, shift_sums);
  });
}

}  // namespace

void add_and_normalize(Workspace& workspace,
                       ConstTensor in,
                       ConstTensor residual,
                       const LayerNorm& layer_norm,
                       const Dropout& dropout,
                       Tensor out,
                       const NormalizedRows& keep,
                       Tensor sum) {
  const int64_t H = in.columns;
  const bool vectors = are_aligned({in,
                                    residual,
                                    out,
                                    sum,
                                    keep.normal,
                                    ConstTensor(layer_norm.scale.data(), 1, H),
                                    ConstTensor(layer_norm.shift.data(), 1, H)});
  with_row_shape(H, vectors, [&]<class Shape>(Shape) {
    launch(workspace.stream,
           add_and_normalize_kernel<Shape>,
           one_team_a_row<Shape>(in.rows),
           in,
           residual,
           DropoutOnDevice(workspace, dropout),
           normalization_of(layer_norm, keep),
           out,
           sum);
  });
}

void add_and_normalize_backward(Workspace& workspace,
                                const NormalizedRows& kept,
                                std::span<const float> scale,
                                const Dropout& dropout,
                                ConstTensor d_out,
                                Tensor d_in,
                                Tensor d_residual,
                                const NormGradient& gradient,
                                ConstTensor d_sum) {
  const bool same = d_in.data == d_residual.data;
  rows_backward(workspace,
                kept,
                scale,
                {.of_out = {}, .of_in = dropout},
                {d_out, d_sum},
                same ? Tensor() : d_in,
                d_residual,
                gradient);
}

void normalize_backward(Workspace& workspace,
                        const NormalizedRows& kept,
                        std::span<const float> scale,
                        const Dropout& dropout,
                        ConstTensor d_out,
                        Tensor d_in,
                        const NormGradient& gradient) {
  rows_backward(
      workspace, kept, scale, {.of_out = dropout, .of_in = {}}, {d_out, {}}, {}, d_in, gradient);
}

}  // namespace fastintent::cuda
