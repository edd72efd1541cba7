#pragma once

#include <cstdint>

#include "batch/packed_batch.h"

namespace fastintent {

/// Appends filler sequences, so that the tokens of a batch become a multiple of `token_step`. Their
/// number, at least one, is the smallest that suffices for any number of tokens when each has at
/// most `longest` (at least 2) tokens. They repeat the id of the batch's first token and have no
/// effect: the loss ignores rows labelled kNoLabel.
void fill_batch(PackedBatch& batch, int64_t token_step, int64_t longest);

}  // namespace fastintent
