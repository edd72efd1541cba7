#include "text/pieces/piece_table.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "text/normalize/bert_normalizer.h"

namespace fastintent {
namespace {

constexpr int32_t kEmpty = -1;

// At most half of the slots are taken: a lookup then touches 1.5 of them on average.
constexpr size_t kSlotsPerPiece = 2;

struct Halves {
  uint64_t low;
  uint64_t high;
};

Halves load(const char* text) {
  Halves halves;
  std::memcpy(&halves, text, sizeof halves);
  static_assert(sizeof halves == kLoadBytes);
  return halves;
}

// Byte order is little endian on every processor that the build supports, so the first `bytes` of
// a text are the low bits.
static_assert(std::endian::native == std::endian::little);

uint64_t low_bytes(uint64_t half, size_t bytes) {
  return bytes >= sizeof half ? half : half & ((uint64_t{1} << (8 * bytes)) - 1);
}

}  // namespace

PieceTable::PieceTable(const std::vector<std::pair<std::string_view, int32_t>>& pieces) {
  std::vector<SortedStrings::Entry> long_pieces;
  const size_t slot_count = std::bit_ceil(std::max<size_t>(pieces.size() * kSlotsPerPiece, 2));
  slots_.resize(slot_count, Slot{{}, kEmpty});
  shift_ = 64 - std::countr_zero(slot_count);
  for (const auto& [piece, id] : pieces) {
    if (piece.size() > kLoadBytes) {
      long_pieces.emplace_back(piece, id);
      continue;
    }
    char padded[kLoadBytes] = {};
    std::copy(piece.begin(), piece.end(), padded);
    const Halves halves = load(padded);
    const Key key = key_of(halves.low, halves.high, piece.size());
    size_t slot = first_slot(key);
    while (slots_[slot].id != kEmpty) {
      slot = (slot + 1) & (slot_count - 1);
    }
    slots_[slot] = {key, id};
    longest_short_ = std::max(longest_short_, piece.size());
  }
  long_pieces_ = SortedStrings(std::move(long_pieces));
}

PieceTable::Key PieceTable::key_of(uint64_t low, uint64_t high, size_t bytes) {
  return {low_bytes(low, bytes),
          bytes <= sizeof low ? 0 : low_bytes(high, bytes - sizeof low),
          static_cast<int32_t>(bytes)};
}

size_t PieceTable::first_slot(const Key& key) const {
  // Two odd constants (of the golden ratio and of sqrt 3) spread the halves; the top bits of the
  // last product depend on all bits below.
  const uint64_t mixed =
      (key.low ^ std::rotr(key.high * 0xBB67AE8584CAA73B, 32)) * 0x9E3779B97F4A7C15;
  return ((mixed ^ mixed >> 32) * 0x9E3779B97F4A7C15) >> shift_;
}

int32_t PieceTable::find(const Key& key) const {
  for (size_t slot = first_slot(key);; slot = (slot + 1) & (slots_.size() - 1)) {
    const Slot& taken = slots_[slot];
    if (taken.id == kEmpty || taken.key == key) {
      return taken.id;
    }
  }
}

int32_t PieceTable::find(std::string_view word) const {
  if (word.size() <= kLoadBytes) {
    const Halves halves = load(word.data());
    return find(key_of(halves.low, halves.high, word.size()));
  }
  const Match match = long_pieces_.longest_prefix(word);
  return match.bytes == word.size() ? match.value : kEmpty;
}

PieceTable::Match PieceTable::longest_prefix(std::string_view text) const {
  if (text.size() > kLoadBytes) {
    const Match match = long_pieces_.longest_prefix(text);
    if (match.bytes != 0) {
      return match;
    }
  }
  const Halves halves = load(text.data());
  for (size_t bytes = std::min(text.size(), longest_short_); bytes > 0; --bytes) {
    const int32_t id = find(key_of(halves.low, halves.high, bytes));
    if (id != kEmpty) {
      return {bytes, id};
    }
  }
  return {};
}

}  // namespace fastintent
