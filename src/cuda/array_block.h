#pragma once

#include <cstddef>

#include "cuda/runtime.h"

namespace fastintent::cuda {

/// Small host arrays that are stored consecutively in one block of the device's memory and uploaded
/// in one copy: equal calls of put() return equal addresses whatever the contents. One thread at a
/// time.
class ArrayBlock {
 public:
  /// Throws std::bad_alloc when memory is short.
  ArrayBlock(int device, size_t bytes) : host_(bytes), device_(device, bytes) {}

  /// The bytes that an array occupies in a block.
  static constexpr size_t room_for(size_t bytes) {
    constexpr size_t kAlignment = 16;  // the widest access of a kernel
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
  }

  /// Returns the array's future address on the device. An array that does not fit is left out.
  const void* put(const void* data, size_t bytes);
  /// Whether all arrays fit.
  bool fits() const { return taken_ <= host_.size(); }
  /// Starts again with the first array. The last upload has to be done.
  void begin_again() { taken_ = 0; }

  void upload(const Stream& stream) const { stream.upload(host_.get(), device_.get(), taken_); }

 private:
  PinnedMemory host_;
  DeviceMemory device_;
  size_t taken_ = 0;
};

}  // namespace fastintent::cuda
