#pragma once

#include <cstddef>
#include <cstdint>

namespace fastintent::cuda {

/// Cuts a block of memory into consecutive pieces. With a null block it only counts, so that the
/// same code first computes the required size.
class Pieces {
 public:
  explicit Pieces(std::byte* block) : block_(block) {}

  /// Returns the next `bytes`, aligned to 256 bytes if the block is, as CUDA aligns its
  /// allocations.
  std::byte* take(int64_t bytes) {
    constexpr size_t kAlignment = 256;
    const size_t place = taken_;
    taken_ += (static_cast<size_t>(bytes) + kAlignment - 1) / kAlignment * kAlignment;
    return block_ == nullptr ? nullptr : block_ + place;
  }
  template <class Value>
  Value* take_values(int64_t count) {
    return reinterpret_cast<Value*>(take(count * static_cast<int64_t>(sizeof(Value))));
  }

  /// The bytes of all pieces so far.
  size_t taken() const { return taken_; }

 private:
  std::byte* block_;
  size_t taken_ = 0;
};

}  // namespace fastintent::cuda
