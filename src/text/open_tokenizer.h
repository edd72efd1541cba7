#pragma once

#include "base/folder_snapshot.h"
#include "fastintent/tokenizer.h"

namespace fastintent {

/// The tokenizer of a model's folder, from the snapshot of which the rest of the model is read.
/// Arguments and errors are those of Tokenizer's constructor.
Tokenizer open_tokenizer(const SnapshotPath& folder, int max_length);

}  // namespace fastintent
