#pragma once

#include <cstdint>

namespace fastintent::cuda {

/// Rows of a bucket. Kernels are launched for all of them and process the first `*count`, which
/// they read on the device, so that a captured launch serves every batch of the bucket. Rows past
/// those are never read or written.
struct BucketRows {
  int64_t bucket = 0;
  const int32_t* count = nullptr;
};

}  // namespace fastintent::cuda
