#include "text/pieces/merge_table.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

namespace fastintent {
namespace {

// At most half of the slots are taken: a lookup then touches 1.5 of them on average.
constexpr size_t kSlotsPerMerge = 2;
// A pass over all merges follows tokens that chains of merges make; those of real models have some
// sixteen links. Where more passes would be needed, words stay whole, which is right in any case.
constexpr int kMostPasses = 64;

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
  // A search ends at a free slot, soon.
  const auto free = std::count_if(
      slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.pair == kNoPair; });
  const bool has_free = static_cast<size_t>(free) * kSlotsPerMerge >= slots_.size();
  const bool has_ids = std::all_of(slots_.begin(), slots_.end(), [&](const Slot& slot) {
    return slot.pair == kNoPair || (slot.merged >= 0 && slot.merged < id_end);
  });
  if (!has_size || !has_free || !has_ids) {
    throw std::invalid_argument("no table of merges");
  }
  shift_ = 64 - std::countr_zero(slots_.size());
}

bool MergeTable::joins_before(int32_t mark, int32_t id_end) const {
  std::vector<bool> begins(static_cast<size_t>(id_end));  // with a mark
  std::vector<bool> is_marks(begins.size());
  begins[static_cast<size_t>(mark)] = is_marks[static_cast<size_t>(mark)] = true;
  const auto for_each_merge = [&](const auto& use) {
    return std::any_of(slots_.begin(), slots_.end(), [&](const Slot& slot) {
      const size_t left = slot.pair >> 32;
      const size_t right = slot.pair & 0xFFFFFFFF;
      return left < begins.size() && right < begins.size() &&
             use(left, right, static_cast<size_t>(slot.merged));
    });
  };
  // Slots are in no order: what a merge makes may be a side of one before it.
  bool changed = true;
  for (int pass = 0; changed && pass < kMostPasses; ++pass) {
    changed = false;
    for_each_merge([&](size_t left, size_t right, size_t merged) {
      const bool new_begin = begins[left] && !begins[merged];
      const bool new_marks = is_marks[left] && is_marks[right] && !is_marks[merged];
      begins[merged] = begins[merged] || new_begin;
      is_marks[merged] = is_marks[merged] || new_marks;
      changed = changed || new_begin || new_marks;
      return false;
    });
  }
  return changed || for_each_merge([&](size_t left, size_t right, size_t) {
           return begins[right] && !is_marks[left];
         });
}

}  // namespace fastintent
