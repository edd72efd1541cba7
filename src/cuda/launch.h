#pragma once

#include <cstdint>
#include <tuple>

namespace fastintent::cuda {

class Stream;

/// The size of a launch: `blocks` of `threads` each, with `shared_bytes` of memory that the threads
/// of a block share.
struct Launch {
  int64_t blocks = 0;
  int threads = 0;
  int64_t shared_bytes = 0;

  auto parts() const { return std::tie(blocks, threads, shared_bytes); }
};

/// Threads that run in lockstep and exchange values without shared memory.
constexpr int kWarp = 32;

constexpr int64_t divide_up(int64_t count, int64_t by) {
  return (count + by - 1) / by;
}

}  // namespace fastintent::cuda
