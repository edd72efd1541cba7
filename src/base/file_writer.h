#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "fastintent/error.h"

namespace fastintent {

/// Thrown by FileWriter::write when the reader of a pipe has closed it, as `head` does when it has
/// enough.
class ReaderGone : public Error {
 public:
  using Error::Error;
};

/// Writes one file so that a reader sees the complete old content or the complete new one: bytes
/// are written to another file beside it, which `finish` fsyncs and renames. Without `finish` the
/// old file stays.
///
/// The other file is readable by this user alone and is never one that somebody else put there. At
/// the end it gets the permissions, owner and group of the old file or, without one, those of any
/// new file. A symbolic link named as the file is followed; a device or pipe (/dev/stdout) is
/// written to directly. One thread at a time.
class FileWriter {
 public:
  /// What happens to the other file without `finish`.
  enum class Unfinished {
    removed,  ///< it is `.<name>.<pid>.partial`
    kept,     ///< it is partial_name(), where a later FileWriter appends to it; removed when empty
  };

  /// Throws cannot_create when the file cannot be created beside `file`, or another process writes
  /// it.
  explicit FileWriter(const std::filesystem::path& file,
                      Unfinished unfinished = Unfinished::removed);
  /// Writes to an open file, which is not closed. `name` names it in messages.
  FileWriter(int descriptor, std::string name);
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  /// The path of an unfinished file that is kept; empty for a device or pipe.
  static std::filesystem::path partial_name(const std::filesystem::path& file);

  /// Drops what an earlier FileWriter left of a kept file. Throws io_error.
  void clear();

  /// Throws io_error, or ReaderGone.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);

  /// Renames the file into place, durably. Call once. Throws io_error.
  void finish();

 private:
  void open_new();
  void open_to_keep();

  std::filesystem::path file_;
  std::filesystem::path partial_;  // empty when written directly, and when finished
  std::string name_;               // for messages
  Unfinished unfinished_ = Unfinished::removed;
  std::unique_ptr<FileDescriptor> opened_;  // absent for a file that was open already
  int descriptor_ = -1;
};

/// Writes `text` as the complete content of `file` through a FileWriter; throws the same errors.
void write_file(const std::filesystem::path& file, std::string_view text);

/// Makes writes to a file or folder, or renames within a folder, durable. Throws io_error.
void sync_to_disk(const std::filesystem::path& file_or_folder);

}  // namespace fastintent
