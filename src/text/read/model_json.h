#pragma once

#include <cstddef>

#include "checkpoint/json_document.h"
#include "text/read/tokenizer_settings.h"

namespace fastintent {

/// The settings of a tokenizer.json whose model is Unigram or BPE, `top`, with the tables of the model:
/// its vocabulary and merges are not read from `top`. Each throws bad_checkpoint for rules that are not
/// followed.
UnigramSettings unigram_settings(const JsonDocument& top, UnigramPieces pieces);
BytePairSettings byte_pair_settings(const JsonDocument& top,
                                    BytePairTokens tokens,
                                    MergeTable merges);

/// A whole number from 0. Unlike JsonDocument::integer, it refuses one written as a float, as
/// `tokenizers` does.
size_t read_count(const JsonDocument& section, const char* key);

}  // namespace fastintent
