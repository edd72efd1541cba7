#pragma once

#include <string>

#include "base/folder_snapshot.h"
#include "checkpoint/json_document.h"

namespace fastintent {

/// How errors in a tokenizer's files are worded. Objects and arrays there may be whole vocabularies.
constexpr JsonErrorStyle kTokenizerErrors = {"read tokenizer", 60, /*shows_containers=*/false};

/// Which of a folder's files describe its tokenizer, as in transformers.
enum class TokenizerRules {
  /// BertTokenizer: tokenizer_config.json with the defaults of that class. Only the vocabulary and,
  /// in some folders, the added tokens are those of tokenizer.json.
  bert_class,
  /// tokenizer.json alone.
  tokenizer_json,
};

/// What tokenizer_config.json and config.json say about the tokenizer beside them.
struct TokenizerConfig {
  JsonDocument document;  ///< tokenizer_config.json; an empty object where there is none
  TokenizerRules rules = TokenizerRules::bert_class;
  // Of TokenizerRules::bert_class.
  bool lower_case = true;
  bool strip_accents = true;
  bool space_cjk = true;
};

/// A tokenizer.json without the vocabulary and the merges of its model. Throws bad_checkpoint.
JsonDocument read_tokenizer_header(const SnapshotPath& file);

/// The kind of its model: "WordPiece", "Unigram", "BPE" … Throws bad_checkpoint where there is none.
std::string tokenizer_model_type(const JsonDocument& tokenizer_json);

/// Reads the configuration of the tokenizer in `folder`. A folder that names no class, in neither
/// file, has the class of its model; one without a model_type has TokenizerRules::tokenizer_json
/// where there is a tokenizer.json.
///
/// Throws bad_checkpoint for a class of other rules (BertJapaneseTokenizer …) and for settings that
/// are not followed.
TokenizerConfig read_tokenizer_config(const SnapshotPath& folder);

}  // namespace fastintent
