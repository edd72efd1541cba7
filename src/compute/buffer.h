#pragma once

#include <cstdint>
#include <memory>

#include "compute/tensor.h"

namespace fastintent {

/// Rows of every activation buffer are rounded up to a multiple of this, so that a matrix product
/// can always run on complete tiles. The rows between a tensor's last row and the next multiple are
/// filler, which any operation may read and write. 16 rows keep oneDNN's f32 and bf16 products at
/// full speed.
constexpr int64_t kRowTile = 16;

constexpr int64_t round_up_to_tile(int64_t rows) {
  return (rows + kRowTile - 1) / kRowTile * kRowTile;
}

/// Floats in a backend's memory, zeroed when allocated, 64-byte aligned. Made by Backend::allocate.
class Buffer {
 public:
  using Release = void (*)(float* data, int64_t size);

  Buffer() = default;
  Buffer(float* data, int64_t size, Release release) : data_(data, {release, size}), size_(size) {}

  float* data() const { return data_.get(); }
  int64_t size() const { return size_; }

  /// Returns the first rows * columns floats as an activation tensor. Throws out_of_resources when
  /// the buffer cannot hold them with their filler rows.
  Tensor tensor(int64_t rows, int64_t columns) const;

 private:
  struct Deleter {
    Release release;
    int64_t size;
    void operator()(float* data) const { release(data, size); }
  };

  std::unique_ptr<float, Deleter> data_{nullptr, {nullptr, 0}};
  int64_t size_ = 0;
};

}  // namespace fastintent
