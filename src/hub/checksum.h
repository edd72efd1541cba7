#pragma once

#include <filesystem>
#include <string>

namespace fastintent {

/// Whether `text` is a checksum of the hub: 64 hexadecimal digits are the SHA-256 of the content
/// (files in large-file storage), 40 are git's name of the content (all others).
bool is_checksum(const std::string& text);

/// Whether the content of `file` has this checksum, whichever of the two it is. Throws io_error
/// when the file cannot be read.
bool has_checksum(const std::filesystem::path& file, const std::string& checksum);

}  // namespace fastintent
