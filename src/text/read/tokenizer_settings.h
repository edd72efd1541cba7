#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/folder_snapshot.h"
#include "checkpoint/json_document.h"
#include "checkpoint/tokenizer_config.h"
#include "text/added_tokens.h"
#include "text/normalize/bert_normalizer.h"
#include "text/normalize/normalizer_chain.h"
#include "text/pieces/byte_pair.h"
#include "text/pieces/unigram.h"
#include "text/pieces/vocabulary.h"
#include "text/pieces/wordpiece.h"
#include "text/split/byte_level_splitter.h"
#include "text/split/metaspace_splitter.h"

namespace fastintent {

/// BertNormalizer, BertPreTokenizer and WordPiece.
struct WordPieceSettings {
  BertNormalizerOptions normalizer;
  WordPieceOptions model;
};

/// Normalizers, Metaspace and Unigram.
struct UnigramSettings {
  NormalizerChain normalizer;
  MetaspaceSplitter splitter;
  std::shared_ptr<const Unigram> model;
};

/// Normalizers, ByteLevel or Metaspace, and BPE.
struct BytePairSettings {
  NormalizerChain normalizer;
  std::variant<ByteLevelSplitter, MetaspaceSplitter> splitter;
  std::shared_ptr<const BytePair> model;
};

/// Everything that a folder says about its tokenizer, checked.
struct TokenizerSettings {
  std::variant<WordPieceSettings, UnigramSettings, BytePairSettings> pipeline;
  std::vector<AddedToken> added_tokens;  ///< in the order in which they get their ids
  std::string prompt;                    ///< text before every text
  bool lower_case = false;               ///< of every text, before its normalizer
  std::vector<int32_t> ids_before;       ///< [CLS]
  std::vector<int32_t> ids_after;        ///< [SEP]
  bool keeps_end = false;                ///< of a text that is too long: truncation_side left
  std::string file;                      ///< for messages
};

/// Reads the tokenizer of a transformers folder, by the rules that transformers uses for it (see
/// TokenizerRules). Throws missing_input, bad_checkpoint.
TokenizerSettings read_tokenizer_settings(const SnapshotPath& folder);

/// A tokenizer.json: what its model needs, and the rest.
struct TokenizerFile {
  JsonDocument document;
  /// A Vocabulary: WordPiece.
  std::variant<Vocabulary, UnigramSettings, BytePairSettings> model;

  const TokenIds& tokens() const;
};

/// From the tables beside the file where the folder is prepared (prepared_tokenizer.h). Throws
/// bad_checkpoint for a tokenizer whose rules are not followed.
TokenizerFile read_tokenizer_file(const SnapshotPath& file);
/// The same, from the file alone.
TokenizerFile parse_tokenizer_file(const SnapshotPath& file);

/// The settings of a tokenizer that is described by its tokenizer.json. Padding in the file is ignored,
/// and of truncation all but the direction, which read_tokenizer_settings reads.
TokenizerSettings settings_of_file(TokenizerFile file);

/// The tokens of a vocab.txt: one per line; the id of a token is the number of its line, from 0.
Vocabulary read_vocab_txt(const SnapshotPath& file);

/// Throws bad_checkpoint: the vocabulary lacks `token`, the value of `key`.
[[noreturn]] void fail_token(const char* key, const std::string& token, const std::string& file);

/// The longest encoding, special tokens included, that the folder's model accepts: as in
/// Tokenizer's constructor, where `asked` is 0 or the caller's value. `named` is the length that
/// the settings of sentence-transformers name. `special_tokens` of its tokens are not the text's.
int maximum_length(const SnapshotPath& folder,
                   int asked,
                   std::optional<double> named,
                   size_t special_tokens);

}  // namespace fastintent
