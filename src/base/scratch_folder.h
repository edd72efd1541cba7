#pragma once

#include <filesystem>

#include "base/file_descriptor.h"
#include "base/fork.h"

namespace fastintent {

/// A new folder for temporary files, readable by this user alone; the destructor removes it with
/// its contents. Those of processes that were killed are removed by the next one that is made.
class ScratchFolder {
 public:
  /// Creates it where the system keeps temporary files (TMPDIR). Throws cannot_create.
  ScratchFolder();
  /// A child made by fork() leaves the folder to its parent.
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  HomeProcess home_;
  std::filesystem::path path_;
  FileDescriptor lock_;  // shows others that the folder is in use; ends with the process
};

}  // namespace fastintent
