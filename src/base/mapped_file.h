#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace fastintent {

/// A whole file, mapped for reading. Immutable: safe from many threads. The file must not be
/// shortened while it is mapped; replace it by renaming, as FileWriter does.
class MappedFile {
 public:
  /// An empty file is fine. Throws missing_input when `file` is absent, may not be read or is not a
  /// regular file; io_error when it cannot be mapped.
  explicit MappedFile(const std::filesystem::path& file);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  /// Releases the memory of what was read; it is read again when it is used again, from the same
  /// file, even if that has no name any more.
  void release_pages() const;

  std::span<const std::byte> bytes() const { return bytes_; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace fastintent
