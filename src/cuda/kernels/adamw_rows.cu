#include <algorithm>

#include "cuda/kernels/adamw.h"
#include "cuda/kernels/adamw_parameter.cuh"
#include "cuda/kernels/row_access.cuh"

namespace fastintent::cuda {
namespace {

constexpr int kWarps = kRowBlock / kWarp;

// Four parameters per lane: each step's rates, the same for all lanes, are loaded once for four.
template <bool vectors>
using Strip = RowShape<1, kWarp, vectors>;
constexpr int kStripColumns = Strip<true>::kColumns;

// A row of the table, and the first step that it missed.
struct RowToStep {
  int32_t row;
  int32_t first_step;
};

// Replays the steps [row.first_step, missed_end) with gradient zero, then, with gradients, does
// step missed_end. One warp for each strip of each row. Bound by arithmetic if rows missed many
// steps, by memory otherwise.
template <bool vectors>
__global__ void adamw_rows_kernel(Tensor parameters,
                                  Tensor first_moment,
                                  Tensor second_moment,
                                  const RowToStep* rows,
                                  int64_t row_count,
                                  int64_t strips,
                                  ConstTensor gradient,
                                  const AdamwRates* rates,
                                  int missed_end) {
  using Shape = Strip<vectors>;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int64_t warp = int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  const int64_t u = warp / strips;
  if (u >= row_count) {
    return;
  }
  const int64_t first_column = warp % strips * kStripColumns;
  const int64_t columns = parameters.columns - first_column;
  const RowToStep row = rows[u];
  float* parameter_row = parameters.row(row.row) + first_column;
  float* m_row = first_moment.row(row.row) + first_column;
  float* v_row = second_moment.row(row.row) + first_column;
  auto p = load_part<Shape>(parameter_row, columns, lane);
  auto m = load_part<Shape>(m_row, columns, lane);
  auto v = load_part<Shape>(v_row, columns, lane);

  bool moved = false;
  for (int i = 0; i < Shape::kValues; ++i) {
    moved = moved || m[i] != 0 || v[i] != 0;
  }
  if (moved) {
    for (int step = row.first_step; step < missed_end; ++step) {
      const AdamwRates of_step = rates[step];
      for (int i = 0; i < Shape::kValues; ++i) {
        step_parameter(of_step, 0.0F, p[i], m[i], v[i]);
      }
    }
  } else {
    // Moments that are zero stay zero, so only the decay is applied: most rows of a vocabulary.
    for (int step = row.first_step; step < missed_end; ++step) {
      const float decay = 1.0F - rates[step].learning_rate * rates[step].weight_decay;
      for (int i = 0; i < Shape::kValues; ++i) {
        p[i] *= decay;
      }
    }
  }
  if (!gradient.empty()) {
    const AdamwRates of_step = rates[missed_end];
    const auto g = load_part<Shape>(gradient.row(u) + first_column, columns, lane);
    for (int i = 0; i < Shape::kValues; ++i) {
      step_parameter(of_step, g[i], p[i], m[i], v[i]);
    }
  }
  store_part(p, parameter_row, columns, lane);
  store_part(m, m_row, columns, lane);
  store_part(v, v_row, columns, lane);
}

}  // namespace

void adamw_step_rows(Workspace& workspace,
                     const AdamwState& state,
                     std::span<const int32_t> rows,
                     ConstTensor gradient,
                     std::span<int32_t> last_steps,
                     std::span<const AdamwRates> rates) {
  const auto steps = static_cast<int32_t>(rates.size());
  std::vector<RowToStep> to_step;
  int32_t oldest = gradient.empty() ? steps : steps - 1;
  const int32_t missed_end = oldest;
  for (const int32_t row : rows) {
    int32_t& last_step = last_steps[static_cast<size_t>(row)];
    // With a gradient the rows stay in its order, whether or not they missed a step.
    if (last_step < missed_end || !gradient.empty()) {
      to_step.push_back({row, last_step});
    }
    oldest = std::min(oldest, last_step);
    last_step = steps;
  }
  if (to_step.empty()) {
    return;
  }
  for (RowToStep& row : to_step) {
    row.first_step -= oldest;
  }

  const auto V = static_cast<int64_t>(last_steps.size());
  const auto H = static_cast<int64_t>(state.parameters.size()) / V;
  const Tensor parameters(state.parameters.data(), V, H);
  const Tensor first_moment(state.first_moment.data(), V, H);
  const Tensor second_moment(state.second_moment.data(), V, H);
  const bool vectors = are_aligned({parameters, first_moment, second_moment, gradient});
  const auto row_count = static_cast<int64_t>(to_step.size());
  const int64_t strips = divide_up(H, kStripColumns);
  launch(workspace.stream,
         vectors ? adamw_rows_kernel<true> : adamw_rows_kernel<false>,
         Launch{divide_up(row_count * strips, kWarps), kRowBlock},
         parameters,
         first_moment,
         second_moment,
         workspace.arrays.on_device<RowToStep>(to_step),
         row_count,
         strips,
         gradient,
         workspace.arrays.on_device(rates.subspan(static_cast<size_t>(oldest))),
         missed_end - oldest);
}

}  // namespace fastintent::cuda
