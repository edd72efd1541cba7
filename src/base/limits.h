#pragma once

#include <cstddef>
#include <cstdint>

namespace fastintent {

// Limits of what others wrote: model folders, answers of a hub, files of an earlier run. Each is far
// above what a good file has and far below what harms a process.

/// Nested values of a JSON text. Model files nest about ten deep; code that walks, copies or prints
/// a document may recurse this far.
constexpr int kMaxJsonDepth = 100;

/// Bytes of a JSON text. The tokenizer.json of a multilingual model is about 17 MB; no file of a
/// checkpoint has ten times that.
constexpr size_t kMaxJsonBytes = size_t{200} << 20;

/// Values of a JSON text that are kept as a tree, where each costs up to 100 bytes. The largest
/// tokenizers list two million (pieces and merges).
constexpr size_t kMaxJsonValues = 4'000'000;

/// Characters of a message. The longest messages of this library have about 600, without the names
/// in them.
constexpr size_t kMaxMessageCharacters = 2'000;

/// Bytes of a downloaded file of weights. The largest encoders of the hub have 44 GB in all, in
/// shards of at most 10 GB.
constexpr int64_t kMaxWeightBytes = 20'000'000'000;

/// Bytes of all files of a model together.
constexpr int64_t kMaxModelBytes = 100'000'000'000;

/// Files of a model. One in a hundred shards has about 110.
constexpr size_t kMaxModelFiles = 1'000;

}  // namespace fastintent
