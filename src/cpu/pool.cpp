#include "cpu/pool.h"

#include <algorithm>

#include "cpu/kernels/convert.h"

namespace fastintent::cpu {
namespace {

// The rows of a sequence from which its pooled row is computed.
struct PooledRows {
  int64_t first;
  int64_t count;
};

PooledRows pooled_rows(std::span<const int32_t> starts, Pooling pooling, int64_t sequence) {
  const auto s = static_cast<size_t>(sequence);
  return {starts[s], pooling == Pooling::mean ? starts[s + 1] - starts[s] : 1};
}

}  // namespace

void pool(ConstTensor hidden, std::span<const int32_t> starts, Pooling pooling, Tensor out) {
  for (int64_t s = 0; s < out.rows; ++s) {
    const auto [first, count] = pooled_rows(starts, pooling, s);
    float* to = out.row(s);
    std::copy_n(hidden.row(first), out.columns, to);
    if (count == 1) {
      continue;
    }
    for (int64_t t = first + 1; t < first + count; ++t) {
      const float* from = hidden.row(t);
      for (int64_t h = 0; h < out.columns; ++h) {
        to[h] += from[h];
      }
    }
    const float share = 1.0F / static_cast<float>(count);
    for (int64_t h = 0; h < out.columns; ++h) {
      to[h] *= share;
    }
  }
}

void pool_backward(ConstTensor d_out,
                   std::span<const int32_t> starts,
                   Pooling pooling,
                   Write write,
                   Tensor d_hidden) {
  if (write == Write::overwrite) {
    clear_rows(d_hidden);
  }
  for (int64_t s = 0; s < d_out.rows; ++s) {
    const auto [first, count] = pooled_rows(starts, pooling, s);
    const float share = 1.0F / static_cast<float>(count);
    const float* from = d_out.row(s);
    for (int64_t t = first; t < first + count; ++t) {
      float* to = d_hidden.row(t);
      for (int64_t h = 0; h < d_out.columns; ++h) {
        to[h] += from[h] * share;
      }
    }
  }
}

}  // namespace fastintent::cpu
