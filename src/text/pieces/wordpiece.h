#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/pieces/piece_table.h"
#include "text/pieces/vocabulary.h"

namespace fastintent {

/// The model section of a tokenizer.
struct WordPieceOptions {
  Vocabulary vocabulary;
  std::string unknown_token = "[UNK]";
  std::string continuation_prefix = "##";
  size_t max_characters_per_word = 100;
};

/// Greedy longest-match WordPiece: a word is its longest known start, then the longest known
/// continuations; a word that cannot be covered, or is too long, is the unknown token.
///
/// Immutable: safe from many threads.
class WordPiece {
 public:
  /// The vocabulary holds the unknown token.
  explicit WordPiece(const WordPieceOptions& options);

  /// Appends the first `room` ids of `word` at most, and returns how many it has in all. The word
  /// is not empty and readable for kLoadBytes beyond its end.
  size_t append(std::string_view word, size_t room, std::vector<int32_t>& ids) const;

 private:
  PieceTable starts_;
  PieceTable continuations_;
  int32_t unknown_id_;
  size_t max_characters_;
};

}  // namespace fastintent
