#pragma once

#include <filesystem>

namespace fastintent {

/// A new folder for temporary files, readable by this user alone; the destructor removes it with
/// its contents.
class ScratchFolder {
 public:
  /// Creates it where the system keeps temporary files (TMPDIR). Throws cannot_create.
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace fastintent
