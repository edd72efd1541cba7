#pragma once

#include <cstdint>

#include "batch/packed_batch.h"

namespace fastintent {

/// Appends the fewest sequences of at most `longest` (at least 2) tokens, one at least, with which
/// the tokens of a batch become a multiple of `token_step` whatever their number was. They repeat
/// the id of its first token and stand for nothing: the loss leaves out rows labelled kNoLabel.
void fill_batch(PackedBatch& batch, int64_t token_step, int64_t longest);

}  // namespace fastintent
