#include <cmath>

#include "cuda/kernels/rotate.h"
#include "cuda/kernels/transform.cuh"

namespace fastintent::cuda {
namespace {

// A thread rotates one pair of values. positions [rows], frequencies [half]
__global__ void rotate_kernel(
    Tensor rows, const int32_t* positions, const float* frequencies, int64_t half, float sign) {
  const int64_t index = int64_t{blockIdx.x} * kTransformThreads + threadIdx.x;
  const int64_t pairs = rows.columns / 2;
  const int64_t row = index / pairs;
  if (row >= rows.rows) {
    return;
  }
  const int64_t pair = index % pairs;
  const int64_t i = pair % half;
  float* x = rows.row(row) + pair / half * 2 * half + i;
  float* y = x + half;
  const float angle = static_cast<float>(positions[row]) * frequencies[i];
  const float cosine = cosf(angle);
  const float sine = sign * sinf(angle);
  const float rotated = *x * cosine - *y * sine;
  *y = *y * cosine + *x * sine;
  *x = rotated;
}

}  // namespace

void rotate(Workspace& workspace,
            Tensor rows,
            std::span<const int32_t> positions,
            std::span<const float> frequencies,
            Rotation direction) {
  launch(workspace.stream,
         rotate_kernel,
         Launch{divide_up(rows.size() / 2, kTransformThreads), kTransformThreads},
         rows,
         workspace.arrays.on_device(positions),
         workspace.arrays.on_device(frequencies),
         static_cast<int64_t>(frequencies.size()),
         direction == Rotation::forward ? 1.0F : -1.0F);
}

}  // namespace fastintent::cuda
