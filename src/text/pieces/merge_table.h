#pragma once

#include <cstdint>
#include <vector>

#include "text/pieces/stored_array.h"

namespace fastintent {

/// The merges of a BPE model by their pairs of ids: a hash table with linear probing.
///
/// Immutable: safe from many threads.
class MergeTable {
 public:
  /// A pair of ids with the id of what they merge to.
  struct Merge {
    int32_t left;
    int32_t right;
    int32_t merged;
  };
  /// A place of the table, in the layout of prepared folders.
  struct Slot {
    uint64_t pair;
    uint32_t rank;  ///< 0: the highest priority
    int32_t merged;
  };
  static constexpr uint32_t kNoRank = ~uint32_t{0};

  /// The first merge has the highest priority; of equal pairs the last counts.
  explicit MergeTable(const std::vector<Merge>& merges);
  /// A table of slots that slots() returned. Throws std::invalid_argument where they are none, or
  /// where an id is `id_end` or above.
  MergeTable(StoredArray<Slot> slots, int32_t id_end);

  const StoredArray<Slot>& slots() const { return slots_; }

  /// Whether a token that begins with `mark` can be merged with one before it that is anything but
  /// marks. Ids are below `id_end`.
  bool joins_before(int32_t mark, int32_t id_end) const;

  /// The merge of two ids; its rank is kNoRank where there is none.
  const Slot& find(int32_t left, int32_t right) const {
    static constexpr Slot kNone{kNoPair, kNoRank, -1};
    const uint64_t pair = pair_of(left, right);
    for (size_t slot = first_slot(pair);; slot = (slot + 1) & (slots_.size() - 1)) {
      if (slots_[slot].pair == pair) {
        return slots_[slot];
      }
      if (slots_[slot].pair == kNoPair) {
        return kNone;
      }
    }
  }

 private:
  static constexpr uint64_t kNoPair = ~uint64_t{0};

  static uint64_t pair_of(int32_t left, int32_t right) {
    return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
  }
  size_t first_slot(uint64_t pair) const {
    // An odd constant (of the golden ratio) spreads the ids over the top bits.
    const uint64_t mixed = pair * 0x9E3779B97F4A7C15;
    return ((mixed ^ mixed >> 32) * 0x9E3779B97F4A7C15) >> shift_;
  }

  StoredArray<Slot> slots_;  // a power of two of them
  int shift_ = 0;            // of a 64-bit hash, leaves the slot
};

}  // namespace fastintent
