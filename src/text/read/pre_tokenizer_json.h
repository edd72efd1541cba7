#pragma once

#include "checkpoint/json_document.h"
#include "text/split/metaspace_splitter.h"

namespace fastintent {

/// Reads the "pre_tokenizer" of a Unigram model: WhitespaceSplit or BertPreTokenizer, then
/// Metaspace; each may be absent. `has_normalizer`: the file has one. Throws bad_checkpoint for
/// pre-tokenizers that are not followed.
MetaspaceSplitter read_metaspace_splitter(const JsonDocument& top, bool has_normalizer);

}  // namespace fastintent
