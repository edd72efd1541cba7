#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/file_descriptor.h"

namespace fastintent {

/// What a file was at one moment. Two states that are equal have the same content: every write
/// changes one of these values.
struct FileState {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t modified = 0;  ///< nanoseconds since 1970, as the following one
  int64_t changed = 0;   ///< content, links, name or permissions
  uint64_t links = 0;
  uint32_t mode = 0;
  uint32_t owner = 0;
  uint32_t group = 0;

  bool is_same_file(const FileState& other) const {
    return device == other.device && inode == other.inode;
  }
  /// Whether the same file certainly has the same content in both states. A new link, name of a
  /// folder, owner or permission does not count.
  bool has_content_of(const FileState& other) const;
};

/// A file that was opened for reading. It stays readable after its name was given to another file,
/// or removed. Immutable: safe from many threads.
class OpenedFile {
 public:
  /// Throws missing_input when `file` is absent, may not be read or is not a regular file.
  explicit OpenedFile(const std::filesystem::path& file);
  /// Opens `name` in the folder that `folder` has opened. `shown` is its path, for messages.
  OpenedFile(const FileDescriptor& folder, const std::string& name, std::string shown);

  const std::string& path() const { return path_; }  ///< for messages
  const FileState& state() const { return state_; }  ///< when it was opened
  uint64_t size() const { return state_.size; }
  int descriptor() const { return descriptor_.get(); }

  /// Fills `out` with the bytes from `offset` on. Throws io_error when the file no longer has them.
  void read(uint64_t offset, std::span<std::byte> out) const;
  /// The whole content. Throws bad_checkpoint when it has more than `most_bytes`, io_error.
  std::string text(uint64_t most_bytes) const;

  /// Whether the content is still what it was when the file was opened.
  bool unchanged() const;

 private:
  std::string path_;
  FileDescriptor descriptor_;
  FileState state_;
};

/// The state of `name` in an opened folder, links followed; false when there is none. Only reads.
bool find_state(const FileDescriptor& folder, const std::string& name, FileState& state);

}  // namespace fastintent
