#include "text/pieces/merge_table.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

namespace fastintent {
namespace {

// At most half of the slots are taken: a lookup then touches 1.5 of them on average.
constexpr size_t kSlotsPerMerge = 2;

}  // namespace

MergeTable::MergeTable(const std::vector<Merge>& merges) {
  const size_t count = std::bit_ceil(std::max<size_t>(merges.size() * kSlotsPerMerge, 2));
  std::vector<Slot> slots(count, Slot{kNoPair, 0, -1});
  shift_ = 64 - std::countr_zero(count);
  uint32_t rank = 0;
  for (const Merge& merge : merges) {
    const uint64_t pair = pair_of(merge.left, merge.right);
    size_t slot = first_slot(pair);
    while (slots[slot].pair != kNoPair && slots[slot].pair != pair) {
      slot = (slot + 1) & (count - 1);
    }
    slots[slot] = {pair, rank++, merge.merged};
  }
  slots_ = StoredArray<Slot>(std::move(slots));
}

MergeTable::MergeTable(StoredArray<Slot> slots, int32_t id_end) : slots_(std::move(slots)) {
  const bool has_size = slots_.size() >= 2 && std::has_single_bit(slots_.size());
  // A search ends at a free slot.
  const bool has_free = std::any_of(
      slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.pair == kNoPair; });
  const bool has_ids = std::all_of(slots_.begin(), slots_.end(), [&](const Slot& slot) {
    return slot.pair == kNoPair || (slot.merged >= 0 && slot.merged < id_end);
  });
  if (!has_size || !has_free || !has_ids) {
    throw std::invalid_argument("no table of merges");
  }
  shift_ = 64 - std::countr_zero(slots_.size());
}

}  // namespace fastintent
