#pragma once

#include <optional>

#include "base/json_tree.h"
#include "checkpoint/tokenizer_config.h"

namespace fastintent {

/// The tokenizer_config.json of a model that is trained from a base with `config`: the base's, with
/// `max_length`, and with the settings of case spelled out where they are followed. `file` is the
/// base's tokenizer.json (read_tokenizer_header is enough), or nullptr where there is none; a model of
/// another kind than WordPiece in it gets the class PreTrainedTokenizerFast, which follows the file.
JsonTree saved_tokenizer_config(const TokenizerConfig& config,
                                const JsonDocument* file,
                                int max_length);

/// The tokenizer.json of such a model, where it cannot be that of the base, `file`, unchanged: where
/// tokenizer_config.json overrules its normalizer. Readers of either file then find the same rules.
std::optional<JsonTree> saved_tokenizer_json(const SnapshotPath& file,
                                             const TokenizerConfig& config);

}  // namespace fastintent
