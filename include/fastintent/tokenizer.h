#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

namespace fastintent {

class SnapshotPath;

/// WordPiece, Unigram or BPE tokenizer of a Hugging Face folder: returns exactly the ids of
/// `AutoTokenizer` (WordPiece), or those of the package `tokenizers` for the folder's tokenizer.json
/// (all others), for every input, the special tokens included. Invalid UTF-8 is read as U+FFFD, as in
/// Rust's `String::from_utf8_lossy`.
///
/// Immutable after construction: safe from many threads. Copies share the vocabulary.
class Tokenizer {
 public:
  /// The tokens of one text.
  struct Encoding {
    std::vector<int32_t> ids;  ///< with the special tokens
    bool truncated = false;    ///< the text had more tokens than max_length() holds
  };

  /// Reads the tokenizer of the model in `folder` by the rules of transformers: the class that
  /// tokenizer_config.json names decides whether that file or tokenizer.json says how texts are
  /// divided; a vocab.txt replaces tokenizer.json. A Unigram or BPE model in tokenizer.json is followed
  /// as that file says, whatever the class. A folder of sentence-transformers (modules.json)
  /// may put its default prompt before every text and lower-case it. Padding and truncation stored
  /// there are ignored. `max_length` counts the special tokens; 0 uses the folder's value:
  /// `max_seq_length` of sentence-transformers, else the smaller of tokenizer_config.json's
  /// `model_max_length` and config.json's `max_position_embeddings`.
  ///
  /// Throws missing_input when there is no tokenizer, bad_checkpoint when it is malformed or has
  /// rules that are not followed, invalid_argument when `max_length` is negative, too small for the
  /// special tokens and one more, or exceeds the model's positions.
  explicit Tokenizer(const std::filesystem::path& folder, int max_length = 0);

  /// The ids of `text`, truncated to max_length() with the special tokens kept.
  Encoding encode(std::string_view text) const;

  /// As encode, but appends the ids to `ids` and returns whether the text was truncated. Does not
  /// allocate when the capacity of `ids` is sufficient.
  bool append_ids(std::string_view text, std::vector<int32_t>& ids) const;

  /// Most tokens of a text, the special tokens included.
  int max_length() const;
  /// Number of ids.
  int vocabulary_size() const;

 private:
  friend Tokenizer open_tokenizer(const SnapshotPath& folder, int max_length);
  class Pipeline;
  Tokenizer() = default;

  std::shared_ptr<const Pipeline> pipeline_;
};

}  // namespace fastintent
