#include "cpu/scratch.h"

#include <fmt/format.h>

#include "fastintent/error.h"

namespace fastintent::cpu {

float* Scratch::floats(int64_t count) {
  if (count > size_) {
    data_ = hwy::AllocateAligned<float>(static_cast<size_t>(count));
    if (data_ == nullptr) {
      size_ = 0;
      throw Error(ErrorCode::out_of_resources,
                  fmt::format("scratch: expected memory for {} floats, found none", count));
    }
    size_ = count;
  }
  return data_.get();
}

}  // namespace fastintent::cpu
