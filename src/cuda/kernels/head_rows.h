#pragma once

#include <cstdint>

#include "compute/answers.h"
#include "cuda/kernels/bucket_rows.h"
#include "cuda/product.h"
#include "cuda/runtime.h"

// The head's operations on rows besides its products. Rows are consecutive and aligned to 16 bytes;
// all arithmetic is f32.
namespace fastintent::cuda {

/// out[s] = mean of in[starts[s]] to in[starts[s + 1] - 1], summed in order; without starts out[s]
/// = in[s]. `in` is stored as `factors`, out in f32 or in the same type.
/// out [rows,width], the width a multiple of 8
void pool_rows(const Stream& stream,
               Factors factors,
               const BucketRows& rows,
               const void* in,
               const int32_t* starts,
               int64_t width,
               Result result,
               void* out);

/// How a batch ranks its logits.
struct Ranking {
  int32_t best;  ///< number of classes returned per row
  float temperature;
};

/// best[r]: the `ranking->best` classes of the largest logits, with the probabilities
/// softmax(logits / temperature), as in Answers.
/// logits [rows,C]; best [rows,ranking->best], with room for [bucket,C]
void rank_rows(const Stream& stream,
               const BucketRows& rows,
               const float* logits,
               int64_t C,
               const Ranking* ranking,
               ScoredClass* best);

}  // namespace fastintent::cuda
