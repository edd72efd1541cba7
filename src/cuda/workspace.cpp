#include "cuda/workspace.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "cuda/memory.h"

namespace fastintent::cuda {
namespace {

// A training pass of 24 layers has about a hundred arrays, 75 of them the keys of a dropout, and
// waits for the device once, so that the slot that was unused for the longest time is free.
constexpr size_t kSlots = 128;

// Small and large arrays use the slots in turn: with powers of two from this size on, all slots are
// soon as large as the largest array and need no more allocations.
constexpr size_t kSmallestSlot = 4096;

}  // namespace

const void* HostArrays::copy(const void* data, size_t bytes) {
  if (bytes == 0) {
    return nullptr;
  }
  bytes_asked_for_ += ArrayBlock::room_for(bytes);
  if (block_ != nullptr) {
    return block_->put(data, bytes);
  }
  for (Slot& slot : slots_) {
    if (slot.bytes == bytes && std::memcmp(slot.host.get(), data, bytes) == 0) {
      slot.last_use = ++uses_;
      return slot.device.get();
    }
  }
  Slot& slot = free_slot();
  slot.bytes = 0;
  if (slot.host.size() < bytes || slot.device.size() < bytes) {
    const size_t roomy = std::max(kSmallestSlot, std::bit_ceil(bytes));
    slot.device = allocate(stream_.device(), roomy);
    slot.host = PinnedMemory(roomy);
  }
  std::memcpy(slot.host.get(), data, bytes);
  stream_.upload(slot.host.get(), slot.device.get(), bytes);
  slot.bytes = bytes;
  slot.last_use = ++uses_;
  return slot.device.get();
}

HostArrays::Slot& HostArrays::free_slot() {
  if (slots_.size() < kSlots) {
    return slots_.emplace_back();
  }
  Slot& oldest = *std::min_element(slots_.begin(), slots_.end(), [](const Slot& a, const Slot& b) {
    return a.last_use < b.last_use;
  });
  if (oldest.last_use > done_before_) {
    stream_.synchronize();
    stream_is_done();
  }
  return oldest;
}

void* Scratch::at_least(size_t bytes) {
  if (memory_.size() < bytes) {
    stream_.synchronize();
    memory_ = DeviceMemory();
    memory_ = allocate(stream_.device(), bytes + bytes / 4);
  }
  return memory_.get();
}

}  // namespace fastintent::cuda
