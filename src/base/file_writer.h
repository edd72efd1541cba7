#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "base/file_descriptor.h"

namespace fastintent {

/// Writes one file so that a reader sees the old content or the new one, whole: bytes go to
/// `.<name>.<pid>.partial` beside it, which `finish` fsyncs and renames. Without `finish` the old
/// file stays. Symbolic links are followed; a device or pipe (/dev/stdout) is written to directly.
/// One thread at a time, one writer of a file at a time.
class FileWriter {
 public:
  /// Throws cannot_create when the file cannot be created beside `file`.
  explicit FileWriter(const std::filesystem::path& file);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  /// Throws io_error.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);

  /// Puts the file in its place, durably. Call once. Throws io_error.
  void finish();

 private:
  std::filesystem::path file_;
  std::filesystem::path partial_;  // empty when written directly, and when finished
  std::unique_ptr<FileDescriptor> descriptor_;
};

/// Writes `text` as the whole content of `file` through a FileWriter; throws as it does.
void write_file(const std::filesystem::path& file, std::string_view text);

/// Makes what was written to a file or folder, or renamed within a folder, durable. Throws
/// io_error.
void sync_to_disk(const std::filesystem::path& file_or_folder);

}  // namespace fastintent
