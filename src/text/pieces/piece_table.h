#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/pieces/sorted_strings.h"

namespace fastintent {

/// Pieces of words and their ids, for looking up whole words and the longest piece that starts a
/// word. Pieces of up to kLoadBytes bytes, nearly all of them, are in a hash table with keys of two
/// 64-bit loads; longer ones are in a sorted list.
///
/// Texts passed to it must be readable for kLoadBytes beyond their end (see BertNormalizer).
/// Immutable: safe from many threads.
class PieceTable {
 public:
  using Match = SortedStrings::Match;

  /// Pieces are non-empty and distinct; ids are not negative.
  explicit PieceTable(const std::vector<std::pair<std::string_view, int32_t>>& pieces);

  /// The id of `word`, or -1.
  int32_t find(std::string_view word) const;

  /// The longest piece that starts `text`, which is not empty.
  Match longest_prefix(std::string_view text) const;

 private:
  /// The bytes of a piece, zero past its end.
  struct Key {
    uint64_t low;
    uint64_t high;
    int32_t bytes;  // distinguishes "a" from "a\0"
    bool operator==(const Key&) const = default;
  };
  struct Slot {
    Key key;
    int32_t id;
  };

  static Key key_of(uint64_t low, uint64_t high, size_t bytes);
  size_t first_slot(const Key& key) const;
  int32_t find(const Key& key) const;

  std::vector<Slot> slots_;  // a power of two of them, linear probing
  int shift_ = 0;            // of a 64-bit hash, leaves the slot
  size_t longest_short_ = 0;
  SortedStrings long_pieces_;
};

}  // namespace fastintent
