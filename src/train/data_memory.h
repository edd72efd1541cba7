#pragma once

#include "fastintent/dataset.h"

namespace fastintent {

/// Throws out_of_resources, with both numbers, when what a run keeps of its rows besides `training`
/// and `validation` (or null) themselves does not fit into the memory that is free: their copies,
/// their tokens, of which a text has at most `max_length`.
void require_data_memory(const LabelledTexts& training,
                         const LabelledTexts* validation,
                         int max_length);

}  // namespace fastintent
