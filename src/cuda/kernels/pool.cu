#include "cuda/kernels/pool.h"
#include "cuda/kernels/vectors.cuh"

// Pooling is bound by memory, so it reads and writes every value once. A thread has four columns of
// one sequence: neighbours in a warp then cover 512 bytes of a row, and a batch of a thousand
// sequences uses a hundred thousand threads. The tokens of a sequence are summed in order.
namespace fastintent::cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kColumns = 4;  // per thread; 16 bytes

// The part of the work that the calling thread does.
struct Share {
  int64_t sequence;
  int64_t column;
  int count;  // of columns; none beyond the last sequence
};

__device__ Share share_of_thread(int64_t sequences, int64_t columns) {
  const int64_t thread = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  const int64_t threads_a_sequence = divide_up(columns, kColumns);
  const int64_t sequence = thread / threads_a_sequence;
  const int64_t column = thread % threads_a_sequence * kColumns;
  const int64_t left = sequence < sequences ? columns - column : 0;
  return {sequence, column, static_cast<int>(left < kColumns ? left : kColumns)};
}

// Loops with a constant count keep it in registers.
using Values = Vector<float, kColumns>;

__device__ Values load(const float* data, int count, bool aligned) {
  if (aligned && count == kColumns) {
    return load_vector<kColumns>(data);
  }
  Values values{};
  for (int i = 0; i < kColumns; ++i) {
    if (i < count) {
      values.values[i] = data[i];
    }
  }
  return values;
}

__device__ void store(float* data, const Values& values, int count, bool aligned) {
  if (aligned && count == kColumns) {
    store_vector(data, values);
  } else {
    for (int i = 0; i < kColumns; ++i) {
      if (i < count) {
        data[i] = values.values[i];
      }
    }
  }
}

// The number of tokens of a sequence that are averaged.
__device__ int pooled_tokens(int length, Pooling pooling) {
  return pooling == Pooling::first_token ? 1 : length;
}

__global__ void pool_kernel(
    ConstTensor hidden, const int32_t* starts, Pooling pooling, Tensor out, bool aligned) {
  const Share share = share_of_thread(out.rows, out.columns);
  if (share.count == 0) {
    return;
  }
  const int32_t first = starts[share.sequence];
  const int tokens = pooled_tokens(starts[share.sequence + 1] - first, pooling);
  Values sums{};
  for (int token = 0; token < tokens; ++token) {
    const Values values = load(hidden.row(first + token) + share.column, share.count, aligned);
    for (int i = 0; i < kColumns; ++i) {
      sums.values[i] += values.values[i];
    }
  }
  for (float& sum : sums.values) {
    sum /= static_cast<float>(tokens);
  }
  store(out.row(share.sequence) + share.column, sums, share.count, aligned);
}

__global__ void pool_backward_kernel(ConstTensor d_out,
                                     const int32_t* starts,
                                     Pooling pooling,
                                     Write write,
                                     Tensor d_hidden,
                                     bool aligned) {
  const Share share = share_of_thread(d_out.rows, d_out.columns);
  if (share.count == 0) {
    return;
  }
  const int32_t first = starts[share.sequence];
  const int length = starts[share.sequence + 1] - first;
  const int tokens = pooled_tokens(length, pooling);
  Values gradient = load(d_out.row(share.sequence) + share.column, share.count, aligned);
  for (float& value : gradient.values) {
    value /= static_cast<float>(tokens);
  }
  // Tokens that were not pooled are changed only if gradients are overwritten.
  const int written = write == Write::overwrite ? length : tokens;
  for (int token = 0; token < written; ++token) {
    float* d_row = d_hidden.row(first + token) + share.column;
    Values values{};
    if (write == Write::accumulate) {
      values = load(d_row, share.count, aligned);
    }
    if (token < tokens) {
      for (int i = 0; i < kColumns; ++i) {
        values.values[i] += gradient.values[i];
      }
    }
    store(d_row, values, share.count, aligned);
  }
}

Launch shape_of(int64_t sequences, int64_t columns) {
  return {divide_up(sequences * divide_up(columns, kColumns), kThreads), kThreads};
}

}  // namespace

void pool(Workspace& workspace,
          ConstTensor hidden,
          std::span<const int32_t> starts,
          Pooling pooling,
          Tensor out) {
  launch(workspace.stream,
         pool_kernel,
         shape_of(out.rows, out.columns),
         hidden,
         workspace.arrays.on_device(starts),
         pooling,
         out,
         rows_are_aligned(hidden) && rows_are_aligned(out));
}

void pool_backward(Workspace& workspace,
                   ConstTensor d_out,
                   std::span<const int32_t> starts,
                   Pooling pooling,
                   Write write,
                   Tensor d_hidden) {
  launch(workspace.stream,
         pool_backward_kernel,
         shape_of(d_out.rows, d_out.columns),
         d_out,
         workspace.arrays.on_device(starts),
         pooling,
         write,
         d_hidden,
         rows_are_aligned(d_out) && rows_are_aligned(d_hidden));
}

}  // namespace fastintent::cuda
