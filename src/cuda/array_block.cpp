#include "cuda/array_block.h"

#include <cstring>

namespace fastintent::cuda {

const void* ArrayBlock::put(const void* data, size_t bytes) {
  const size_t place = taken_;
  taken_ += room_for(bytes);
  if (!fits()) {
    return device_.get();
  }
  std::memcpy(host_.get() + place, data, bytes);
  return device_.as<std::byte>() + place;
}

}  // namespace fastintent::cuda
