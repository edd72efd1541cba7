#pragma once

#include <cstdint>

namespace fastintent::cpu {

/// Zeroed floats on a 64-byte boundary; of a large block only what is written becomes resident.
/// Throws std::bad_alloc.
float* allocate_zeroed(int64_t floats);

/// Gives back what allocate_zeroed(floats) gave.
void release(float* data, int64_t floats);

}  // namespace fastintent::cpu
