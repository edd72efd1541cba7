#pragma once

#include "checkpoint/json_document.h"
#include "text/normalize/bert_normalizer.h"
#include "text/normalize/normalizer_chain.h"

namespace fastintent {

/// The options of a BertNormalizer.
BertNormalizerOptions read_bert_normalizer(const JsonDocument& section);

/// Reads the "normalizer" of a tokenizer.json as a chain; there may be none. Throws bad_checkpoint
/// for normalizers that are not followed.
NormalizerChain read_normalizer_chain(const JsonDocument& top);

/// Whether the last step of a tokenizer's normalizer replaces every space by something else.
bool replaces_spaces(const JsonDocument& top);

}  // namespace fastintent
