#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "text/pieces/stored_array.h"

namespace fastintent {

/// Byte strings and their numbers, for walking along a text byte by byte: a double array.
///
/// Immutable: safe from many threads.
class PieceTrie {
 public:
  using Piece = std::pair<std::string_view, int32_t>;

  /// A place in the trie: the bytes walked so far.
  using Node = uint32_t;
  static constexpr Node kRoot = 0;
  static constexpr Node kNone = 0;  ///< of step(): no piece continues like this

  PieceTrie() : PieceTrie(std::vector<Piece>()) {}
  /// Pieces are not empty; of equal ones the last counts. Numbers are not negative. Throws
  /// std::length_error for pieces of more than about eight million bytes.
  explicit PieceTrie(const std::vector<Piece>& pieces);

  /// A unit of the double array, in the layout of prepared folders.
  struct Unit {
    uint32_t base_and_label;
    int32_t value;
  };
  /// A trie of units that units() returned. Throws std::invalid_argument where they are none, so that
  /// a walk would leave them, or where a number is `value_end` or above.
  PieceTrie(StoredArray<Unit> units, int32_t value_end);

  const StoredArray<Unit>& units() const { return units_; }

  /// The place one byte further.
  Node step(Node node, char byte) const {
    const uint32_t label = kUsed | static_cast<unsigned char>(byte);
    const Node child = (units_[node].base_and_label >> kLabelBits) ^ (label ^ kUsed);
    return (units_[child].base_and_label & kLabelMask) == label ? child : kNone;
  }
  /// The number of the piece that ends at `node`, or -1.
  int32_t value(Node node) const { return units_[node].value; }

  /// The number of `piece`, or -1.
  int32_t find(std::string_view piece) const;

 private:
  friend class PieceTrieBuilder;

  // The label is the byte that leads to the unit; a free unit has none. Children are at the base,
  // by exclusive or with their bytes; no two units have the same base, so a label alone shows whose
  // child a unit is. The base 0 says that there are no children.
  static constexpr int kLabelBits = 9;
  static constexpr uint32_t kUsed = 1 << 8;
  static constexpr uint32_t kLabelMask = (1 << kLabelBits) - 1;
  static constexpr uint32_t kBlock = 256;  // a base and its children are in the same block

  StoredArray<Unit> units_;
};

}  // namespace fastintent
