#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cuda/array_block.h"
#include "cuda/products.h"
#include "cuda/runtime.h"

namespace fastintent::cuda {

/// Small arrays of the host on their way to a stream's device. The caller may change its array when
/// the call returns. What was uploaded lately and has not changed is not uploaded again: the starts
/// of a batch are the same in every layer. One thread at a time.
class HostArrays {
 public:
  explicit HostArrays(const Stream& stream) : stream_(stream) {}

  /// A copy on the device, valid for work given to the stream before the tenth call from now; null
  /// of no values. Throws out_of_resources.
  template <class Value>
  const Value* on_device(std::span<const Value> values) {
    return static_cast<const Value*>(copy(values.data(), values.size_bytes()));
  }

  /// Arrays go into `block` from now on instead, whatever was uploaded before; null: no more.
  void put_into(ArrayBlock* block) { block_ = block; }
  /// What a block needs for all arrays so far.
  size_t bytes_asked_for() const { return bytes_asked_for_; }

  /// Everything given to the stream so far is done.
  void stream_is_done() { done_before_ = uses_; }

 private:
  struct Slot {
    PinnedMemory host;
    DeviceMemory device;
    size_t bytes = 0;
    uint64_t last_use = 0;  // the device may be reading it until the stream is next waited for
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

/// Device memory that one operation uses until it returns; the next on the same stream may have it.
/// Grows to the largest asked for.
class Scratch {
 public:
  explicit Scratch(const Stream& stream) : stream_(stream) {}

  /// On 256 bytes; holds anything. What an earlier call gave is lost to this operation too. Throws
  /// out_of_resources.
  template <class Value>
  Value* of(int64_t count) {
    return static_cast<Value*>(at_least(static_cast<size_t>(count) * sizeof(Value)));
  }

 private:
  void* at_least(size_t bytes);

  const Stream& stream_;
  DeviceMemory memory_;
};

/// What the operations on one stream share. One thread at a time.
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
  uint64_t waits = 0;  // calls of synchronize(); what the stream was given before the last is done
};

}  // namespace fastintent::cuda
