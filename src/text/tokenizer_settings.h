#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "checkpoint/json_document.h"
#include "text/added_tokens.h"
#include "text/normalizer.h"
#include "text/wordpiece.h"

namespace fastintent {

/// How errors in a tokenizer's files are worded. Objects and arrays there may be whole vocabularies.
constexpr JsonErrorStyle kTokenizerErrors = {"read tokenizer", 60, /*shows_containers=*/false};

/// Everything that a folder says about its tokenizer, checked.
struct TokenizerSettings {
  NormalizerOptions normalizer;
  WordPieceOptions model;
  std::vector<AddedToken> added_tokens;  ///< in the order in which they get their ids
  std::vector<int32_t> ids_before;       ///< [CLS]
  std::vector<int32_t> ids_after;        ///< [SEP]
  std::string file;                      ///< for messages
};

/// Reads tokenizer.json where there is one, else vocab.txt with tokenizer_config.json. Throws
/// missing_input, bad_checkpoint.
TokenizerSettings read_tokenizer_settings(const std::filesystem::path& folder);

/// Padding and truncation stored in the file are ignored.
TokenizerSettings read_tokenizer_json(const std::filesystem::path& file);

/// The settings of the tokenizer that transformers builds from `vocab.txt`, one token per line: its
/// names of the special tokens and its flags are in tokenizer_config.json beside it, if there is
/// one.
TokenizerSettings read_vocab_txt(const std::filesystem::path& file);

/// The added token that `section` describes. `normalized` is its flag of that name where the section
/// has none: the two files have different defaults.
AddedToken read_added_token(const JsonDocument& section, bool normalized);

/// Throws bad_checkpoint unless the vocabulary holds `token`, the value of `key`.
int32_t require_token(const TokenizerSettings& settings, const std::string& token, const char* key);

/// The longest encoding, special tokens included, that the folder's model accepts: as in
/// Tokenizer's constructor, where `asked` is 0 or the caller's value. `special_tokens` of its
/// tokens are not the text's.
int maximum_length(const std::filesystem::path& folder, int asked, size_t special_tokens);

}  // namespace fastintent
