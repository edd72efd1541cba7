#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/folder_snapshot.h"
#include "checkpoint/malformed.h"

namespace fastintent {

/// The name of the shard that holds each tensor, by the tensor's name.
using ShardIndex = std::map<std::string, std::string>;

/// Reads a model.safetensors.index.json. Each shard is the name of a file in the index's folder.
///
/// Throws missing_input, bad_checkpoint. With Malformed::ignored it throws neither: the names may be
/// any strings, and an entry that is not a string is left out.
ShardIndex read_shard_index(const std::filesystem::path& file, Malformed malformed);
/// The same for a file of a model; malformed content is refused.
ShardIndex read_shard_index(const SnapshotPath& file);

/// Whether `file` is named as transformers names a shard of `stem` + `extension`:
/// "model-00001-of-00002.safetensors" is one of "model" + ".safetensors".
bool is_shard_name(std::string_view file, std::string_view stem, std::string_view extension);

}  // namespace fastintent
