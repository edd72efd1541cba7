// Whoever has the folder in use holds a lock (flock) on it, which the system releases when the
// process ends in whatever way. A folder that can be locked is therefore abandoned.

#include "base/scratch_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

#include "base/folder_entries.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "fastintent-scratch-";
constexpr std::string_view kUnique = "XXXXXX";  // replaced by mkdtemp

// Not through a link: the folder of all temporary files is open to all users.
FileDescriptor open_folder(const fs::path& path) {
  return FileDescriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

bool try_lock(const FileDescriptor& folder) {
  return folder.valid() && ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0;
}

bool is_ours(const FileDescriptor& folder) {
  struct stat found{};
  return ::fstat(folder.get(), &found) == 0 && found.st_uid == ::geteuid();
}

// Whether `path` is still the name of this folder.
bool is_at(const FileDescriptor& folder, const fs::path& path) {
  struct stat held{};
  struct stat named{};
  return ::fstat(folder.get(), &held) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

// What cannot be removed now is tried again next time.
void remove_abandoned(const fs::path& parent) {
  for (const fs::path& path : readable_entries_of(parent)) {
    const std::string name = path.filename().string();
    if (!name.starts_with(kPrefix) || name.size() != kPrefix.size() + kUnique.size()) {
      continue;
    }
    const FileDescriptor folder = open_folder(path);
    if (folder.valid() && is_ours(folder) && try_lock(folder) && is_at(folder, path)) {
      remove_tree(path);
    }
  }
}

}  // namespace

ScratchFolder::ScratchFolder() : lock_(-1) {
  std::error_code error;
  const fs::path parent = fs::temp_directory_path(error);
  if (!error) {
    remove_abandoned(parent);
  }
  bool taken = false;
  do {
    std::string name = (parent / kPrefix).string().append(kUnique);
    if (error || mkdtemp(name.data()) == nullptr) {
      throw Error(ErrorCode::cannot_create,
                  "temporary folder: expected to create " + name +
                      ", found: " + (error ? error.message() : last_system_error()));
    }
    path_ = name;
    lock_ = open_folder(path_);
    // Another process may have begun to remove it. Where there are no locks, none can.
    taken = !try_lock(lock_) && errno == EWOULDBLOCK;
  } while (taken || !is_at(lock_, path_));
}

ScratchFolder::~ScratchFolder() {
  if (!home_.is_this()) {
    return;
  }
  remove_tree(path_);
}

}  // namespace fastintent
