#include "cpu/scratch.h"

#include <fmt/format.h>

#include <new>

#include "compute/host_memory.h"
#include "fastintent/error.h"

namespace fastintent::cpu {

float* Scratch::floats(int64_t count) {
  if (count > memory_.size()) {
    memory_ = Buffer();  // the contents are lost in any case: free the memory first
    try {
      memory_ = allocate_host_memory(count);
    } catch (const std::bad_alloc&) {
      throw Error(ErrorCode::out_of_resources,
                  fmt::format("scratch: expected memory for {} floats, found none", count));
    }
  }
  return memory_.data();
}

}  // namespace fastintent::cpu
