#pragma once

#include <filesystem>
#include <istream>
#include <memory>
#include <string>

#include "fastintent/dataset.h"

namespace fastintent {

/// A stream of the rows of one shard of `file`, after the header where the format has one, or after
/// the byte order mark that decides how the rows are decoded. `options.format` is not `automatic`.
/// The bytes are in the encoding of the file; a file that is clearly not UTF-8, where no encoding is
/// named, is refused here for every shard, so that the rows of a shard need no such check.
///
/// Throws as TextReader. Constant memory, but for the header.
std::unique_ptr<std::istream> open_shard(const std::filesystem::path& file,
                                         const DatasetOptions& options,
                                         const Shard& shard);

/// How messages call a shard of `file`: "messages.csv, shard 3/8".
std::string shard_name(const std::filesystem::path& file, const Shard& shard);

/// Throws invalid_argument for a shard that does not exist.
void require_shard(const Shard& shard);

}  // namespace fastintent
