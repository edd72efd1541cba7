#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/id_sink.h"
#include "text/pieces/merge_table.h"
#include "text/pieces/piece_trie.h"
#include "text/pieces/token_ids.h"
#include "text/pieces/vocabulary.h"
#include "text/pieces/whole_words.h"

namespace fastintent {

/// How a BPE model divides words, beside its tokens and merges.
struct BytePairRules {
  int32_t unknown_id = -1;  ///< -1: unknown characters vanish
  bool byte_level = false;  ///< tokens are written in the alphabet of ByteLevel, a letter per byte
  bool fuse_unknown = false;   ///< neighbouring unknown characters are one token
  bool byte_fallback = false;  ///< an unknown character is the tokens "<0x0A>" of its bytes
  bool ignore_merges = false;  ///< a word that is a token is that token
};

/// The model section of a BPE tokenizer.
struct BytePairOptions {
  Vocabulary vocabulary;
  std::vector<MergeTable::Merge> merges;
  BytePairRules rules;
};

/// The tokens of a BPE model by the texts that they stand for. The empty token is not found.
///
/// Immutable: safe from many threads.
class BytePairTokens final : public TokenIds {
 public:
  /// Throws std::length_error as PieceTrie does.
  BytePairTokens(const Vocabulary& vocabulary, bool byte_level);
  /// The tables of tokens that the same `byte_level` was given for.
  BytePairTokens(PieceTrie words, PieceTrie others, size_t size, int32_t id_count, bool byte_level);

  int32_t find(std::string_view token) const override;
  size_t size() const override { return size_; }
  int32_t id_count() const override { return id_count_; }

  /// By the text that a token stands for.
  const PieceTrie& words() const { return words_; }
  /// With byte_level: the tokens that stand for no text, as they are written.
  const PieceTrie& others() const { return others_; }

 private:
  PieceTrie words_;
  PieceTrie others_;
  size_t size_;
  int32_t id_count_;
  bool byte_level_;
};

/// Divides a word into characters, or bytes (byte_level), and merges neighbours, the pair of the
/// highest priority first, of equal ones the leftmost.
///
/// Safe from many threads.
class BytePair final : public TokenIds {
 public:
  /// Throws std::length_error as PieceTrie does.
  explicit BytePair(const BytePairOptions& options);
  BytePair(BytePairTokens tokens, MergeTable merges, const BytePairRules& rules);

  int32_t find(std::string_view token) const override { return tokens_.find(token); }
  size_t size() const override { return tokens_.size(); }
  int32_t id_count() const override { return tokens_.id_count(); }

  const BytePairTokens& tokens() const { return tokens_; }
  const MergeTable& merges() const { return merges_; }

  /// Appends the ids of `word`, which is not empty and valid UTF-8.
  void append(std::string_view word, IdSink& sink) const;

 private:
  using Ids = std::vector<int32_t>;

  Ids fallback(std::string_view character) const;

  /// The ids of a word before any merge.
  void start(std::string_view word, Ids& ids) const;
  void merge(Ids& ids) const;
  void merge_short(Ids& ids) const;
  void merge_long(Ids& ids) const;

  BytePairTokens tokens_;
  MergeTable merges_;
  BytePairRules rules_;
  WholeWords whole_words_;
  std::array<int32_t, 256> byte_ids_{};  // "<0x0A>"; -1: absent
  /// With byte_level: the tokens of each byte; empty where it is unknown.
  std::array<Ids, 256> byte_starts_;
};

/// The bytes that a token in the alphabet of ByteLevel stands for; empty where it has another
/// character.
std::string from_byte_letters(std::string_view token);

}  // namespace fastintent
