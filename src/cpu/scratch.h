#pragma once

#include <cstdint>

#include "compute/buffer.h"

namespace fastintent::cpu {

/// Working memory of one operation of one backend, aligned for vectors. Grows to the largest
/// request and is kept, so that the steady state allocates nothing.
class Scratch {
 public:
  /// Returns at least `count` floats; their previous contents are lost.
  float* floats(int64_t count);

 private:
  Buffer memory_;
};

}  // namespace fastintent::cpu
