#pragma once

#include <filesystem>
#include <functional>

#include "base/file_descriptor.h"

namespace fastintent {

/// Holds a lock file (flock) while it lives, as huggingface_hub does: of several processes or
/// threads that want one file, one fetches it and the others wait.
class FileLock {
 public:
  /// Waits until the lock is free. Throws interrupted when `should_stop`, which may be empty,
  /// returns true, cannot_create when there can be no lock.
  FileLock(const std::filesystem::path& file, const std::function<bool()>& should_stop);

 private:
  FileDescriptor descriptor_;  // closing it releases the lock
};

}  // namespace fastintent
