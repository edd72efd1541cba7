#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/product.h"
#include "cuda/runtime.h"

// For trials of algorithms on the device (cuda/algorithm_choice.h).
namespace fastintent::cuda {

/// Writes `count` values from -1 to 1 without a pattern, the same for the same `seed`. tf32 is
/// stored as f32.
void fill_without_pattern(
    const Stream& stream, void* data, int64_t count, Factors factors, uint32_t seed);

/// Whether both have the same contents. Waits for the stream. `bytes` is even.
bool same_bits(const Stream& stream, const void* a, const void* b, size_t bytes);

}  // namespace fastintent::cuda
