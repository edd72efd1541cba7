#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/id_sink.h"
#include "text/pieces/piece_trie.h"
#include "text/pieces/stored_array.h"
#include "text/pieces/token_ids.h"
#include "text/pieces/whole_words.h"

namespace fastintent {

/// The tokens of a Unigram model in the order of their ids, with their scores.
struct UnigramOptions {
  std::vector<std::string> tokens;  ///< of equal ones the last counts
  std::vector<double> scores;
  int32_t unknown_id = 0;
  bool byte_fallback = false;
};

/// The tables of a Unigram model.
struct UnigramPieces {
  /// There are as many scores as tokens, which are in the order of their ids; of equal tokens the
  /// last counts. Throws std::length_error as PieceTrie does.
  UnigramPieces(const std::vector<std::string>& tokens, std::vector<double> scores_of_tokens);
  UnigramPieces(PieceTrie ids, StoredArray<double> scores_by_id)
      : trie(std::move(ids)), scores(std::move(scores_by_id)) {}

  PieceTrie trie;  ///< the ids of the tokens
  StoredArray<double> scores;
};

/// Divides a word into the pieces with the largest sum of scores (Viterbi). A character without a
/// piece is unknown, with ten less than the smallest score; neighbouring unknown ones are one token,
/// or with byte_fallback the tokens "<0x0A>" of their bytes where all are there.
///
/// Safe from many threads.
class Unigram final : public TokenIds {
 public:
  /// There are as many scores as tokens, and `unknown_id` is one of them. Throws std::length_error
  /// as PieceTrie does.
  explicit Unigram(UnigramOptions options);
  /// `unknown_id` and all ids of the trie have a score.
  Unigram(UnigramPieces pieces, int32_t unknown_id, bool byte_fallback);

  const UnigramPieces& pieces() const { return pieces_; }

  int32_t find(std::string_view token) const override { return pieces_.trie.find(token); }
  size_t size() const override { return pieces_.scores.size(); }
  int32_t id_count() const override { return static_cast<int32_t>(pieces_.scores.size()); }

  /// Appends the ids of `word`, which is not empty.
  void append(std::string_view word, IdSink& sink) const;

 private:
  // How the best division of a text ends.
  struct End {
    double score;
    int32_t start;  // of its last piece; -1: no division ends here
    int32_t id;
  };
  void append_divided(std::string_view word, End* ends, IdSink& sink) const;
  void find_best(std::string_view word, End* ends) const;
  void append_unknown(std::string_view text, IdSink& sink) const;
  bool is_best(std::string_view word, int32_t id) const;

  UnigramPieces pieces_;
  double unknown_score_;
  int32_t unknown_id_;
  bool byte_fallback_;
  std::array<int32_t, 256> byte_ids_;  // -1: absent
  WholeWords whole_words_;
};

}  // namespace fastintent
