#pragma once

#include <optional>

#include "checkpoint/json_document.h"
#include "text/split/byte_level_splitter.h"
#include "text/split/metaspace_splitter.h"

namespace fastintent {

/// Reads the "pre_tokenizer" of a BPE model of bytes: ByteLevel alone. Nothing where there is another
/// one; throws bad_checkpoint for a ByteLevel that is not followed.
std::optional<ByteLevelSplitter> read_byte_level_splitter(const JsonDocument& top);

/// Reads the "pre_tokenizer" of a model of characters: WhitespaceSplit or BertPreTokenizer, then
/// Metaspace; each may be absent. `has_normalizer`: the file has one. Throws bad_checkpoint for
/// pre-tokenizers that are not followed.
MetaspaceSplitter read_metaspace_splitter(const JsonDocument& top, bool has_normalizer);

}  // namespace fastintent
