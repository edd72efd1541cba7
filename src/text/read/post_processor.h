#pragma once

#include <cstdint>
#include <vector>

#include "checkpoint/json_document.h"

namespace fastintent {

/// The tokens that a post-processor puts around a text.
struct SurroundingIds {
  std::vector<int32_t> before;
  std::vector<int32_t> after;
};

/// Reads the "post_processor" of a tokenizer.json: BertProcessing, RobertaProcessing,
/// TemplateProcessing, ByteLevel, which changes no id, or a Sequence of them; there may be none.
/// Throws bad_checkpoint.
SurroundingIds read_post_processor(const JsonDocument& top);

}  // namespace fastintent
