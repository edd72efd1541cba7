#include <limits>

#include "cuda/kernels/factor_types.cuh"
#include "cuda/kernels/head_rows.h"
#include "cuda/kernels/row_access.cuh"
#include "cuda/kernels/warp_sums.cuh"

namespace fastintent::cuda {
namespace {

// --- pooling: bound by memory; every value is read once. A thread has four columns of one text.

constexpr int kColumns = 4;
// Rows that a thread loads at once: a long text has few threads, each with many rows.
constexpr int kAhead = 8;

template <class In, class Out>
__global__ void pool_rows_kernel(
    const In* in, const int32_t* starts, const int32_t* count, int64_t width, Out* out) {
  const int64_t thread = int64_t{blockIdx.x} * kRowBlock + threadIdx.x;
  const int64_t threads_a_row = width / kColumns;
  const int64_t s = thread / threads_a_row;
  if (s >= *count) {
    return;
  }
  const int64_t column = thread % threads_a_row * kColumns;
  const int64_t first = starts == nullptr ? s : starts[s];
  const int64_t end = starts == nullptr ? s + 1 : starts[s + 1];
  float sums[kColumns] = {};
  for (int64_t row = first; row < end; row += kAhead) {
    Four<In> values[kAhead];
    for (int i = 0; i < kAhead; ++i) {
      if (row + i < end) {
        values[i] = *reinterpret_cast<const Four<In>*>(in + (row + i) * width + column);
      }
    }
    for (int i = 0; i < kAhead; ++i) {
      if (row + i >= end) {
        continue;
      }
      for (int j = 0; j < kColumns; ++j) {
        sums[j] += to_float(values[i].values[j]);
      }
    }
  }
  Four<Out> means;
  for (int j = 0; j < kColumns; ++j) {
    means.values[j] = from_float<Out>(sums[j] / static_cast<float>(end - first));
  }
  *reinterpret_cast<Four<Out>*>(out + s * width + column) = means;
}

// --- ranking: one warp per row. The logits, some hundreds, are read repeatedly from the L1 cache.
// Few classes are requested, so a search for each is cheaper than sorting.

constexpr int kRankThreads = 128;
constexpr int kRankWarps = kRankThreads / kWarp;

struct Candidate {
  float logit;
  int index;
};

__device__ bool is_before(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.index < b.index;
}

__device__ Candidate first_of_warp(Candidate own) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    const Candidate other{shuffle_xor(own.logit, mask), shuffle_xor(own.index, mask)};
    if (is_before(other, own)) {
      own = other;
    }
  }
  return own;
}

// Returns the first class whose logit is not finite to every lane; C if all logits are finite.
__device__ int first_not_finite(const float* row, int C, int lane) {
  int first = C;
  for (int c = lane; c < C && first == C; c += kWarp) {
    // The condition is negated, so that NaN is found.
    if (!(fabsf(row[c]) <= std::numeric_limits<float>::max())) {
      first = c;
    }
  }
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    const int other = shuffle_xor(first, mask);
    if (other < first) {
      first = other;
    }
  }
  return first;
}

// Returns the next class after `last` in the ranking to every lane.
__device__ Candidate next_behind(const Candidate& last, const float* row, int C, int lane) {
  Candidate found{std::numeric_limits<float>::lowest(), C};
  for (int c = lane; c < C; c += kWarp) {
    const Candidate candidate{row[c], c};
    if (is_before(last, candidate) && is_before(candidate, found)) {
      found = candidate;
    }
  }
  return first_of_warp(found);
}

__global__ void rank_kernel(
    const float* logits, const int32_t* count, int C, const Ranking* ranking, ScoredClass* best) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int64_t r = int64_t{blockIdx.x} * kRankWarps + threadIdx.x / kWarp;
  if (r >= *count) {
    return;
  }
  const float* row = logits + r * C;
  const int told = ranking->best;
  ScoredClass* out = best + r * told;

  const int bad = first_not_finite(row, C, lane);
  if (bad < C) {
    for (int rank = lane; rank < told; rank += kWarp) {
      out[rank] = {kNoClass, row[bad]};
    }
    return;
  }
  const float temperature = ranking->temperature;
  const Candidate before_all{std::numeric_limits<float>::max(), -1};
  Candidate last = next_behind(before_all, row, C, lane);
  const float largest = last.logit;
  float sum = 0;
  for (int c = lane; c < C; c += kWarp) {
    sum += expf((row[c] - largest) / temperature);
  }
  sum = warp_sum(sum);
  for (int rank = 0; rank < told; ++rank) {
    if (rank > 0) {
      last = next_behind(last, row, C, lane);
    }
    if (lane == 0) {
      out[rank] = {last.index, expf((last.logit - largest) / temperature) / sum};
    }
  }
}

}  // namespace

void pool_rows(const Stream& stream,
               Factors factors,
               const BucketRows& rows,
               const void* in,
               const int32_t* starts,
               int64_t width,
               Result result,
               void* out) {
  with_factor_type(factors, [&]<class In>(In) {
    const auto pool_to = [&]<class Out>(Out) {
      launch(stream,
             pool_rows_kernel<In, Out>,
             Launch{divide_up(rows.bucket * (width / kColumns), kRowBlock), kRowBlock},
             static_cast<const In*>(in),
             starts,
             rows.count,
             width,
             static_cast<Out*>(out));
    };
    if (result == Result::fp32) {
      pool_to(float{});
    } else {
      pool_to(In{});
    }
  });
}

void rank_rows(const Stream& stream,
               const BucketRows& rows,
               const float* logits,
               int64_t C,
               const Ranking* ranking,
               ScoredClass* best) {
  launch(stream,
         rank_kernel,
         Launch{divide_up(rows.bucket, kRankWarps), kRankThreads},
         logits,
         rows.count,
         static_cast<int>(C),
         ranking,
         best);
}

}  // namespace fastintent::cuda
