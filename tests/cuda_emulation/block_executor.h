#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "cuda/launch.h"

// Runs a kernel as CUDA's execution model describes it, on one thread of the host: block after
// block, with the threads of a block as fibers that really wait for each other at barriers. Between
// two barriers the threads of a warp run one after the other, and so do the warps of a block, in
// turn from first to last and from last to first, so that a missing barrier is detected.
namespace fastintent::cuda::emulation {

/// Runs one kernel at a time in the process; other callers wait. Throws std::logic_error when
/// threads wait at barriers that other threads never reach.
void run_kernel(const Launch& shape, const std::function<void()>& thread);

/// CUDA's three-dimensional indices and sizes, as the running thread of a kernel sees them.
struct Index {
  unsigned x = 0;
  unsigned y = 0;
  unsigned z = 0;
};
struct Place {
  Index thread;
  Index block;
  Index threads;
  Index blocks;
};
const Place& here();

/// New for each block, filled with NaN, aligned to 128 bytes; the address sanitizer knows its end.
std::byte* shared_bytes();
bool is_shared(const void* data);
void wait_for_block();
void wait_for_warp();
/// Offers `value` to the warp and returns that of lane `from`; every lane calls it.
uint64_t exchange(uint64_t value, int from);

}  // namespace fastintent::cuda::emulation
