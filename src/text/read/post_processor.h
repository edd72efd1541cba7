#pragma once

#include <cstdint>
#include <vector>

#include "checkpoint/json_document.h"

namespace fastintent {

/// The tokens that a post-processor puts around a text.
struct SurroundingIds {
  std::vector<int32_t> before;
  std::vector<int32_t> after;

  bool is_empty() const { return before.empty() && after.empty(); }
};

/// Reads the "post_processor" of a tokenizer.json: BertProcessing, RobertaProcessing,
/// TemplateProcessing, ByteLevel, which changes no id, or a Sequence of them in which one at most has
/// special tokens; there may be none.
/// Throws bad_checkpoint.
SurroundingIds read_post_processor(const JsonDocument& top);

}  // namespace fastintent
