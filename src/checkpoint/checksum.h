#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "checkpoint/tensor_files.h"

namespace fastintent {

/// XXH3 of 64 bits, as `xxhsum -H3` prints it: 16 hexadecimal digits.
std::string checksum(std::span<const std::byte> bytes);
/// The same of a text's bytes.
std::string checksum(std::string_view text);

/// The same of a tensor's bytes, read from its file block by block. Throws io_error.
std::string checksum(const StoredTensor& stored);
/// The same of a complete file.
std::string checksum(const OpenedFile& file);

/// `metadata` with the checksum of each tensor under the key "xxh3 <name>", and under "xxh3" that of
/// all these metadata: each key and value in the order of the keys, each with a zero byte after it.
FileMetadata with_checksums(FileMetadata metadata, std::span<const TensorToWrite> tensors);

/// Whether the file has checksums: files of earlier releases have none.
bool has_checksums(const TensorFiles& file);

/// Compares the metadata of `file` with their checksum. Throws bad_checkpoint.
void verify_metadata(const TensorFiles& file);

/// Compares `bytes`, read as the tensor `stored` of `file`, with the file's checksum of it. Throws
/// bad_checkpoint (file, tensor) when they differ, or when there is none.
void verify_checksum(const TensorFiles& file,
                     const StoredTensor& stored,
                     std::span<const std::byte> bytes);

}  // namespace fastintent
