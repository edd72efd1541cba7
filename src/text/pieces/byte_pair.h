#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/id_sink.h"
#include "text/pieces/piece_trie.h"
#include "text/pieces/token_ids.h"
#include "text/pieces/vocabulary.h"
#include "text/pieces/whole_words.h"

namespace fastintent {

/// The model section of a BPE tokenizer.
struct BytePairOptions {
  Vocabulary vocabulary;
  /// Pairs of ids with the id of what they merge to, the first one with the highest priority; of
  /// equal pairs the last counts.
  struct Merge {
    int32_t left;
    int32_t right;
    int32_t merged;
  };
  std::vector<Merge> merges;
  int32_t unknown_id = -1;  ///< -1: unknown characters vanish
  bool byte_level = false;  ///< tokens are written in the alphabet of ByteLevel, a letter per byte
  bool fuse_unknown = false;   ///< neighbouring unknown characters are one token
  bool byte_fallback = false;  ///< an unknown character is the tokens "<0x0A>" of its bytes
  bool ignore_merges = false;  ///< a word that is a token is that token
};

/// Divides a word into characters, or bytes (byte_level), and merges neighbours, the pair of the
/// highest priority first, of equal ones the leftmost.
///
/// Safe from many threads.
class BytePair final : public TokenIds {
 public:
  /// Throws std::length_error as PieceTrie does.
  explicit BytePair(BytePairOptions options);

  int32_t find(std::string_view token) const override { return options_.vocabulary.find(token); }
  size_t size() const override { return options_.vocabulary.size(); }
  int32_t id_count() const override { return options_.vocabulary.id_count(); }

  /// Appends the ids of `word`, which is not empty and valid UTF-8.
  void append(std::string_view word, IdSink& sink) const;

 private:
  using Ids = std::vector<int32_t>;

  struct MergeSlot {
    uint64_t pair = kNoPair;
    uint32_t rank = 0;
    int32_t merged = -1;
  };
  static constexpr uint64_t kNoPair = ~uint64_t{0};
  static constexpr uint32_t kNoRank = ~uint32_t{0};

  void add_merges();
  const MergeSlot& find_merge(int32_t left, int32_t right) const;
  size_t first_slot(uint64_t pair) const;
  Ids fallback(std::string_view character) const;

  /// The ids of a word before any merge.
  void start(std::string_view word, Ids& ids) const;
  void merge(Ids& ids) const;
  void merge_short(Ids& ids) const;
  void merge_long(Ids& ids) const;

  BytePairOptions options_;
  PieceTrie words_;  // by the text they stand for
  WholeWords whole_words_;
  std::vector<MergeSlot> merges_;        // a power of two of them, linear probing
  int shift_ = 0;                        // of a 64-bit hash, leaves the slot
  std::array<int32_t, 256> byte_ids_{};  // "<0x0A>"; -1: absent
  /// With byte_level: the tokens of each byte; empty where it is unknown.
  std::array<Ids, 256> byte_starts_;
};

/// The bytes that a token in the alphabet of ByteLevel stands for; empty where it has another
/// character.
std::string from_byte_letters(std::string_view token);

}  // namespace fastintent
