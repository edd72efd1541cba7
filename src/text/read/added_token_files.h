#pragma once

#include <map>
#include <string>
#include <vector>

#include "checkpoint/tokenizer_config.h"
#include "text/added_tokens.h"
#include "text/pieces/token_ids.h"

namespace fastintent {

/// The tokens that a folder defines beside its vocabulary, in all places where transformers looks.
struct FolderTokens {
  /// In the order in which they get their ids: those that a file lists, then the special tokens.
  std::vector<AddedToken> added;
  size_t listed = 0;  ///< the first ones of `added`, which a file lists
  /// Contents of the special tokens by their keys: "cls_token".
  std::map<std::string, std::string, std::less<>> special;
};

/// Reads added tokens from tokenizer_config.json (added_tokens_decoder, extra_special_tokens,
/// additional_special_tokens, special tokens by their names) and, unless added_tokens_decoder is
/// there, from special_tokens_map.json, added_tokens.json and `file`. `file` is the tokenizer.json,
/// or nullptr where there is none; with TokenizerRules::tokenizer_json its tokens are always read.
///
/// Throws bad_checkpoint for malformed files.
FolderTokens read_added_tokens(const SnapshotPath& folder,
                               const TokenizerConfig& config,
                               const JsonDocument* file,
                               const TokenIds& vocabulary);

}  // namespace fastintent
