#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cuda/array_block.h"
#include "cuda/products.h"
#include "cuda/runtime.h"

namespace fastintent::cuda {

/// Uploads small host arrays to a stream's device. The caller may change its array when the call
/// returns. An array that was uploaded recently and has not changed is not uploaded again: the
/// starts of a batch are the same in every layer. One thread at a time.
class HostArrays {
 public:
  explicit HostArrays(const Stream& stream) : stream_(stream) {}

  /// Returns a copy on the device, valid for work submitted to the stream before the tenth call
  /// from now; null for an empty array. Throws out_of_resources.
  template <class Value>
  const Value* on_device(std::span<const Value> values) {
    return static_cast<const Value*>(copy(values.data(), values.size_bytes()));
  }

  /// Stores arrays in `block` from now on, whatever was uploaded before; null: no longer.
  void put_into(ArrayBlock* block) { block_ = block; }
  /// The bytes that a block needs for all arrays so far.
  size_t bytes_asked_for() const { return bytes_asked_for_; }

  /// Call when everything submitted to the stream so far is done.
  void stream_is_done() { done_before_ = uses_; }

 private:
  struct Slot {
    PinnedMemory host;
    DeviceMemory device;
    size_t bytes = 0;
    uint64_t last_use = 0;  // the device may read it until the stream is next waited for
  };

  const void* copy(const void* data, size_t bytes);
  Slot& free_slot();

  const Stream& stream_;
  std::vector<Slot> slots_;
  ArrayBlock* block_ = nullptr;
  size_t bytes_asked_for_ = 0;
  uint64_t uses_ = 0;
  uint64_t done_before_ = 0;
};

/// Device memory that one operation uses until it returns; the next operation on the same stream
/// may reuse it. Grows to the largest request.
class Scratch {
 public:
  explicit Scratch(const Stream& stream) : stream_(stream) {}

  /// Aligned to 256 bytes; contents undefined. Invalidates the memory of the previous call, even
  /// within one operation. Throws out_of_resources.
  template <class Value>
  Value* of(int64_t count) {
    return static_cast<Value*>(at_least(static_cast<size_t>(count) * sizeof(Value)));
  }

 private:
  void* at_least(size_t bytes);

  const Stream& stream_;
  DeviceMemory memory_;
};

/// Shared by the operations on one stream. One thread at a time.
struct Workspace {
  explicit Workspace(int device) : stream(device) {}

  void synchronize() {
    stream.synchronize();
    arrays.stream_is_done();
    ++waits;
  }

  Stream stream;
  Products products{stream};
  HostArrays arrays{stream};
  Scratch scratch{stream};          // of operations
  Scratch converted{stream};        // a product's factors of 16 bits
  Scratch other_converted{stream};  // those of its other side
  uint64_t waits = 0;  // calls of synchronize(); work submitted before the last is done
};

}  // namespace fastintent::cuda
