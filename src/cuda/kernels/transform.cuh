#pragma once

#include "compute/tensor.h"
#include "cuda/kernels/vectors.cuh"

// Operations that compute one value from one value. They are bound by memory: every thread moves 16
// bytes of the result, so that the 2048 threads of a multiprocessor keep 32 KB of loads in flight,
// twice the amount that hides the latency of an H100's memory.
namespace fastintent::cuda {

constexpr int kTransformThreads = 256;

/// out[r][c] = operation(in[r][c], out[r][c], r * columns + c); out may be in. A value that the
/// operation does not use is not loaded. Blocks cover a row one after the other, then the next row.
template <class Value, class Operation>
__global__ void transform_kernel(ConstTensor in,
                                 TensorView<Value> out,
                                 bool aligned,
                                 Operation operation) {
  constexpr int kCount = static_cast<int>(kVectorBytes / sizeof(Value));
  const auto blocks_a_row =
      static_cast<unsigned>(divide_up(out.columns, int64_t{kTransformThreads} * kCount));
  const int64_t row = blockIdx.x / blocks_a_row;
  const int64_t first =
      (int64_t{blockIdx.x % blocks_a_row} * kTransformThreads + threadIdx.x) * kCount;
  const float* from = in.row(row) + first;
  Value* to = out.row(row) + first;
  const int64_t index = row * out.columns + first;
  if (aligned && first + kCount <= out.columns) {
    const auto given = load_vector<kCount>(from);
    auto results = load_vector<kCount>(to);
    for (int i = 0; i < kCount; ++i) {
      results.values[i] =
          from_float<Value>(operation(given.values[i], to_float(results.values[i]), index + i));
    }
    store_vector(to, results);
  } else {
    for (int i = 0; i < kCount && first + i < out.columns; ++i) {
      to[i] = from_float<Value>(operation(from[i], to_float(to[i]), index + i));
    }
  }
}

/// `operation` has `float operator()(float in, float out, int64_t index) const` for the device.
template <class Value, class Operation>
void transform(const Stream& stream, ConstTensor in, TensorView<Value> out, Operation operation) {
  if (in.contiguous() && out.contiguous()) {
    // Treated as one long row, so that no threads are idle at the ends of short ones.
    in = {in.data, 1, in.size()};
    out = {out.data, 1, out.size()};
  }
  constexpr int64_t kValuesOfBlock = kTransformThreads * kVectorBytes / sizeof(Value);
  launch(stream,
         transform_kernel<Value, Operation>,
         Launch{out.rows * divide_up(out.columns, kValuesOfBlock), kTransformThreads},
         in,
         out,
         rows_are_aligned(in) && rows_are_aligned(out),
         operation);
}

}  // namespace fastintent::cuda
