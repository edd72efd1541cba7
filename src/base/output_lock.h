#pragma once

#include <filesystem>
#include <memory>

#include "base/file_descriptor.h"

namespace fastintent {

/// The right to be the only one that writes an output, among all processes that see its file
/// system: a file that is locked (flock), and removed by the destructor. After a process was
/// killed, the file stays and the lock does not.
class OutputLock {
 public:
  /// `file` is created or, left over, used again. Throws cannot_create when another process has the
  /// lock, or the file cannot be created. A file system without locks refuses nobody.
  OutputLock(const char* operation, const std::filesystem::path& file);
  ~OutputLock();
  OutputLock(const OutputLock&) = delete;
  OutputLock& operator=(const OutputLock&) = delete;

 private:
  std::filesystem::path file_;
  std::unique_ptr<FileDescriptor> descriptor_;
};

}  // namespace fastintent
