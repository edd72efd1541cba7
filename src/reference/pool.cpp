#include "reference/reference_operations.h"

namespace fastintent::reference {
namespace {

// The number of tokens of sequence s that are averaged: all, or the first alone.
int64_t pooled_tokens(std::span<const int32_t> starts, int64_t s, Pooling pooling) {
  return pooling == Pooling::first_token ? 1 : starts[s + 1] - starts[s];
}

}  // namespace

void pool(ConstTensor hidden, std::span<const int32_t> starts, Pooling pooling, Tensor out) {
  for (int64_t s = 0; s < out.rows; ++s) {
    const int64_t count = pooled_tokens(starts, s, pooling);
    for (int64_t h = 0; h < out.columns; ++h) {
      double sum = 0;
      for (int64_t t = starts[s]; t < starts[s] + count; ++t) {
        sum += hidden.row(t)[h];
      }
      out.row(s)[h] = static_cast<float>(sum / static_cast<double>(count));
    }
  }
}

void pool_backward(ConstTensor d_out,
                   std::span<const int32_t> starts,
                   Pooling pooling,
                   Write write,
                   Tensor d_hidden) {
  for (int64_t s = 0; s < d_out.rows; ++s) {
    const int64_t count = pooled_tokens(starts, s, pooling);
    for (int64_t t = starts[s]; t < starts[s + 1]; ++t) {
      for (int64_t h = 0; h < d_out.columns; ++h) {
        const double before = write == Write::accumulate ? d_hidden.row(t)[h] : 0.0;
        const double share =
            t < starts[s] + count ? d_out.row(s)[h] / static_cast<double>(count) : 0.0;
        d_hidden.row(t)[h] = static_cast<float>(before + share);
      }
    }
  }
}

}  // namespace fastintent::reference
