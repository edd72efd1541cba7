#pragma once

#include <cstdint>

#include "compute/answers.h"
#include "cuda/kernels/bucket_rows.h"
#include "cuda/product.h"
#include "cuda/runtime.h"

// What the head does to rows beside its products. Rows lie one behind the other, on 16 bytes; all
// arithmetic is f32.
namespace fastintent::cuda {

/// out[s] = mean of in[starts[s]] to in[starts[s + 1] - 1], summed in their order; without starts
/// out[s] = in[s]. `in` is stored as `factors`, out in f32 or as they are.   out [rows,width], the
/// width a multiple of 8
void pool_rows(const Stream& stream,
               Factors factors,
               const BucketRows& rows,
               const void* in,
               const int32_t* starts,
               int64_t width,
               Result result,
               void* out);

/// What a batch asks of its logits.
struct Ranking {
  int32_t best;  ///< classes told of each row
  float temperature;
};

/// best[r]: the `ranking->best` classes of the largest logits, with the probabilities
/// softmax(logits / temperature), as in Answers.   logits [rows,C]; best [rows,ranking->best], room
/// for [bucket,C]
void rank_rows(const Stream& stream,
               const BucketRows& rows,
               const float* logits,
               int64_t C,
               const Ranking* ranking,
               ScoredClass* best);

}  // namespace fastintent::cuda
