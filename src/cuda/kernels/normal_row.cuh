#pragma once

#include <tuple>

#include "compute/operands.h"
#include "cuda/kernels/row_access.cuh"
#include "cuda/kernels/warp_sums.cuh"

// Layer normalisation of rows in registers. It is bound by memory: each value is read and written
// once, and each of a multiprocessor's 16 or more warps has a row in flight. Mean and variance are
// computed in two passes over the registers, since E[x^2] - E[x]^2 would cancel.
namespace fastintent::cuda {

constexpr int64_t kRowBlockWarps = kRowBlock / kWarp;

template <class Shape>
constexpr int kTeamsInBlock = kRowBlock / Shape::kThreads;

/// Blocks with one team for each row, and their shared memory.
template <class Shape>
Launch one_team_a_row(int64_t rows) {
  return {
      divide_up(rows, kTeamsInBlock<Shape>), kRowBlock, kRowBlockWarps * int64_t{sizeof(float)}};
}

/// This thread's team, counted over all blocks, and its place in the team.
template <class Shape>
__device__ inline int64_t team_index() {
  return int64_t{blockIdx.x} * kTeamsInBlock<Shape> + threadIdx.x / Shape::kThreads;
}
template <class Shape>
__device__ inline int place_in_team() {
  return static_cast<int>(threadIdx.x % Shape::kThreads);
}

/// Returns the sum over a team to each of its threads, which all call it.
template <class Shape>
__device__ inline float team_sum(float value) {
  if constexpr (Shape::kThreads == kWarp) {
    return warp_sum(value);
  } else {
    return block_sum(value, shared_memory<float>());
  }
}

/// The inputs of a row's normalisation and, if not null, the values that it keeps.
struct Normalization {
  const float* scale;
  const float* shift;  // or null: none
  float epsilon;
  Tensor normal;
  float* inverse_deviation;

  auto parts() const { return std::tie(scale, shift, epsilon, normal, inverse_deviation); }
};

inline Normalization normalization_of(const LayerNorm& layer_norm, const NormalizedRows& keep) {
  return {layer_norm.scale.data(),
          layer_norm.shift.data(),
          layer_norm.epsilon,
          keep.normal,
          keep.inverse_deviation.data()};
}

/// Computes (row - mean) / sqrt(variance + epsilon) · scale + shift of row t, which a team holds.
template <class Shape>
__device__ inline void normalize_row(RowPart<Shape>& row,
                                     int64_t t,
                                     int64_t H,
                                     const Normalization& normalization) {
  const int thread = place_in_team<Shape>();
  const auto width = static_cast<float>(H);
  float sum = 0;
  for (const float value : row.values) {
    sum += value;
  }
  const float mean = team_sum<Shape>(sum) / width;
  float squares = 0;
  for_each_column<Shape>(H, thread, [&](int i, int) {
    row[i] -= mean;
    squares += row[i] * row[i];
  });
  const float variance = team_sum<Shape>(squares) / width;
  const float inverse_deviation = 1.0F / sqrtf(variance + normalization.epsilon);
  for (float& value : row.values) {
    value *= inverse_deviation;
  }
  if (!normalization.normal.empty()) {
    store_part(row, normalization.normal.row(t), H, thread);
    if (thread == 0) {
      normalization.inverse_deviation[t] = inverse_deviation;
    }
  }
  const auto scale = load_part<Shape>(normalization.scale, H, thread);
  if (normalization.shift == nullptr) {
    for (int i = 0; i < Shape::kValues; ++i) {
      row[i] *= scale[i];
    }
    return;
  }
  const auto shift = load_part<Shape>(normalization.shift, H, thread);
  for (int i = 0; i < Shape::kValues; ++i) {
    row[i] = row[i] * scale[i] + shift[i];
  }
}

}  // namespace fastintent::cuda
