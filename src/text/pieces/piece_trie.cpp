#include "text/pieces/piece_trie.h"

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>

namespace fastintent {
namespace {

// Eight bytes of a piece from `start` on, zero behind its end, as a number that orders as they do.
uint64_t eight_bytes(std::string_view piece, size_t start) {
  uint64_t bytes = 0;
  for (size_t i = start; i < start + sizeof bytes; ++i) {
    bytes = bytes << 8 | (i < piece.size() ? static_cast<unsigned char>(piece[i]) : 0);
  }
  return bytes;
}

// A piece whose first bytes are at hand: nearly all pieces are shorter or differ there, and the
// texts are elsewhere in memory.
struct SortedPiece {
  uint64_t first;
  uint64_t second;
  std::string_view text;
  int32_t value;

  uint32_t byte(size_t i) const {
    constexpr size_t kBytes = sizeof first;
    if (i >= 2 * kBytes) {
      return static_cast<unsigned char>(text[i]);
    }
    const uint64_t bytes = i < kBytes ? first : second;
    return static_cast<uint32_t>(bytes >> (56 - 8 * (i % kBytes)) & 0xFF);
  }
};

bool comes_before(const SortedPiece& a, const SortedPiece& b) {
  if (a.first != b.first) {
    return a.first < b.first;
  }
  return a.second != b.second ? a.second < b.second : a.text < b.text;
}

// In order of their bytes; of equal pieces the last one alone.
std::vector<SortedPiece> sorted(const std::vector<PieceTrie::Piece>& pieces) {
  std::vector<SortedPiece> result;
  result.reserve(pieces.size());
  for (const auto& [text, value] : pieces) {
    result.push_back({eight_bytes(text, 0), eight_bytes(text, 8), text, value});
  }
  // Stable: equal pieces stay in the order of `pieces`.
  std::stable_sort(result.begin(), result.end(), comes_before);
  size_t count = 0;
  for (size_t i = 0; i < result.size(); ++i) {
    if (i + 1 == result.size() || result[i].text != result[i + 1].text) {
      result[count++] = result[i];
    }
  }
  result.resize(count);
  return result;
}

}  // namespace

// Places the children of each unit into free units, block by block of 256.
class PieceTrieBuilder {
 public:
  PieceTrieBuilder(const std::vector<SortedPiece>& pieces, std::vector<PieceTrie::Unit>& units)
      : pieces_(pieces), units_(units) {
    add_block();
    take(PieceTrie::kRoot);
    used_bases_[0] = true;
  }

  void build() {
    std::vector<Range> open = {{0, pieces_.size(), 0, PieceTrie::kRoot}};
    while (!open.empty()) {
      Range range = open.back();
      open.pop_back();
      if (range.begin < range.end && pieces_[range.begin].text.size() == range.depth) {
        units_[range.unit].value = pieces_[range.begin++].value;
      }
      if (range.end - range.begin == 1) {
        add_tail(range);
      } else if (range.begin < range.end) {
        add_children(range, open);
      }
    }
  }

 private:
  // Sorted pieces that share their first `depth` bytes, which lead to `unit`.
  struct Range {
    size_t begin;
    size_t end;
    size_t depth;
    uint32_t unit;
  };

  static constexpr uint32_t kBlock = PieceTrie::kBlock;
  // Blocks that are still searched for free units: more are slower and save little memory.
  static constexpr size_t kOpenBlocks = 16;
  // A single child finds a free unit nearly anywhere.
  static constexpr size_t kOpenForOne = 2;
  // Places that are tried in a block for several children.
  static constexpr int kTries = 32;
  // Bases have the bits beside the label.
  static constexpr size_t kMaxUnits = size_t{1} << (32 - PieceTrie::kLabelBits);

  // The rest of a single piece: one child after the other.
  void add_tail(const Range& range) {
    const SortedPiece& piece = pieces_[range.begin];
    uint32_t unit = range.unit;
    for (size_t depth = range.depth; depth < piece.text.size(); ++depth) {
      labels_.assign(1, piece.byte(depth));
      const uint32_t base = find_base();
      used_bases_[base] = true;
      units_[unit].base_and_label |= base << PieceTrie::kLabelBits;
      unit = base ^ labels_[0];
      take(unit);
      units_[unit].base_and_label = PieceTrie::kUsed | labels_[0];
    }
    units_[unit].value = piece.value;
  }

  void add_children(const Range& range, std::vector<Range>& open) {
    labels_.clear();
    const size_t first_child = open.size();
    for (size_t i = range.begin; i < range.end;) {
      const uint32_t byte = pieces_[i].byte(range.depth);
      size_t end = i + 1;
      while (end < range.end && pieces_[end].byte(range.depth) == byte) {
        ++end;
      }
      labels_.push_back(byte);
      open.push_back({i, end, range.depth + 1, 0});
      i = end;
    }
    const uint32_t base = find_base();
    used_bases_[base] = true;
    units_[range.unit].base_and_label |= base << PieceTrie::kLabelBits;
    for (size_t i = 0; i < labels_.size(); ++i) {
      const uint32_t unit = base ^ labels_[i];
      take(unit);
      units_[unit].base_and_label = PieceTrie::kUsed | labels_[i];
      open[first_child + i].unit = unit;
    }
  }

  uint32_t find_base() {
    const size_t blocks = free_.size();
    const size_t first = blocks - std::min(blocks, labels_.size() == 1 ? kOpenForOne : kOpenBlocks);
    for (size_t block = first; block < blocks; ++block) {
      if (const uint32_t base = base_in(block); base != 0) {
        return base;
      }
    }
    add_block();
    return base_in(free_.size() - 1);  // at most 256 children, and an empty block: there is one
  }

  // A base in `block` whose places for all labels are free; 0 where there is none.
  uint32_t base_in(size_t block) const {
    int tries = labels_.size() == 1 ? static_cast<int>(kBlock) : kTries;
    for (size_t word = 0; word < kWords; ++word) {
      for (uint64_t bits = free_[block][word]; bits != 0 && tries > 0; bits &= bits - 1, --tries) {
        const auto unit = static_cast<uint32_t>(block * kBlock + word * kWordBits) +
                          static_cast<uint32_t>(std::countr_zero(bits));
        const uint32_t base = unit ^ labels_[0];
        const bool fits =
            !used_bases_[base] && std::all_of(labels_.begin(), labels_.end(), [&](uint32_t label) {
              return is_free(base ^ label);
            });
        if (fits) {
          return base;
        }
      }
    }
    return 0;
  }

  bool is_free(uint32_t unit) const {
    return (free_[unit / kBlock][unit % kBlock / kWordBits] >> unit % kWordBits & 1) != 0;
  }

  void take(uint32_t unit) {
    free_[unit / kBlock][unit % kBlock / kWordBits] &= ~(uint64_t{1} << unit % kWordBits);
  }

  void add_block() {
    if (units_.size() + kBlock > kMaxUnits) {
      throw std::length_error("too many pieces");
    }
    units_.resize(units_.size() + kBlock, {0, -1});
    used_bases_.resize(units_.size());
    std::array<uint64_t, kWords> all;
    all.fill(~uint64_t{0});
    free_.push_back(all);
  }

  static constexpr size_t kWordBits = 64;
  static constexpr size_t kWords = kBlock / kWordBits;

  const std::vector<SortedPiece>& pieces_;
  std::vector<PieceTrie::Unit>& units_;
  std::vector<std::array<uint64_t, kWords>> free_;  // a bit per unit, by block
  std::vector<bool> used_bases_;
  std::vector<uint32_t> labels_;  // of the children that are placed now
};

PieceTrie::PieceTrie(const std::vector<Piece>& pieces) {
  const std::vector<SortedPiece> in_order = sorted(pieces);
  std::vector<Unit> units;
  PieceTrieBuilder(in_order, units).build();
  units.shrink_to_fit();
  units_ = StoredArray<Unit>(std::move(units));
}

PieceTrie::PieceTrie(StoredArray<Unit> units, int32_t value_end) : units_(std::move(units)) {
  // Without a branch per unit: a tokenizer has a million of them.
  uint32_t largest_base = 0;
  int32_t smallest = -1;
  int32_t largest = -1;
  for (const Unit& unit : units_) {
    largest_base = std::max(largest_base, unit.base_and_label >> kLabelBits);
    smallest = std::min(smallest, unit.value);
    largest = std::max(largest, unit.value);
  }
  const bool has_blocks = units_.size() != 0 && units_.size() % kBlock == 0;
  if (!has_blocks || largest_base >= units_.size() || smallest < -1 || largest >= value_end) {
    throw std::invalid_argument("no trie");
  }
}

int32_t PieceTrie::find(std::string_view piece) const {
  Node node = kRoot;
  for (const char byte : piece) {
    node = step(node, byte);
    if (node == kNone) {
      return -1;
    }
  }
  return value(node);
}

}  // namespace fastintent
