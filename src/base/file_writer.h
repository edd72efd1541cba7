#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "base/file_descriptor.h"

namespace fastintent {

/// Writes one file so that a reader sees the complete old content or the complete new one: bytes
/// are written to `.<name>.<pid>.partial` beside it, which `finish` fsyncs and renames. Without
/// `finish` the old file stays. Symbolic links are followed; a device or pipe (/dev/stdout) is
/// written to directly. One thread at a time, one writer of a file at a time.
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

  /// Renames the file into place, durably. Call once. Throws io_error.
  void finish();

 private:
  std::filesystem::path file_;
  std::filesystem::path partial_;  // empty when written directly, and when finished
  std::unique_ptr<FileDescriptor> descriptor_;
};

/// Writes `text` as the complete content of `file` through a FileWriter; throws the same errors.
void write_file(const std::filesystem::path& file, std::string_view text);

/// Makes writes to a file or folder, or renames within a folder, durable. Throws io_error.
void sync_to_disk(const std::filesystem::path& file_or_folder);

}  // namespace fastintent
