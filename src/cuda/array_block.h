#pragma once

#include <cstddef>

#include "cuda/runtime.h"

namespace fastintent::cuda {

/// Small arrays of the host that lie one after the other in one block of the device's memory, and
/// go there in one copy: the same calls of put() give the same addresses whatever the contents. One
/// thread at a time.
class ArrayBlock {
 public:
  /// Throws std::bad_alloc when memory is short.
  ArrayBlock(int device, size_t bytes) : host_(bytes), device_(device, bytes) {}

  /// What an array of so many bytes takes of a block.
  static constexpr size_t room_for(size_t bytes) {
    constexpr size_t kAlignment = 16;  // the widest that kernels read at once
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
  }

  /// Where the array will be on the device. One that does not fit is left out.
  const void* put(const void* data, size_t bytes);
  /// Whether all did.
  bool fits() const { return taken_ <= host_.size(); }
  /// The next array is the first. The last upload has to be done.
  void begin_again() { taken_ = 0; }

  void upload(const Stream& stream) const { stream.upload(host_.get(), device_.get(), taken_); }

 private:
  PinnedMemory host_;
  DeviceMemory device_;
  size_t taken_ = 0;
};

}  // namespace fastintent::cuda
