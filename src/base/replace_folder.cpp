// The new folder is locked (flock) for as long as its process lives: a partial folder that can be
// locked belongs to a dead process. The process number in its name only keeps writers apart; it
// does not show whether the process is alive, because numbers are reused and differ between
// containers.
#include "base/replace_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "base/file_descriptor.h"
#include "base/file_writer.h"
#include "base/folder_swap.h"
#include "fastintent/error.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPartial = ".partial";

[[noreturn]] void throw_cannot_create(const fs::path& folder, const std::string& found) {
  throw Error(
      ErrorCode::cannot_create,
      fmt::format("replace folder: expected to create it, found: {} ({})", found, folder.string()));
}

// Absolute, without links or a trailing slash, so that it has a parent and a name.
fs::path resolved(const fs::path& folder) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(fs::absolute(folder), error);
  if (error) {
    throw_cannot_create(folder, error.message());
  }
  if (!path.has_filename()) {
    path = path.parent_path();
  }
  if (!path.has_filename()) {
    throw_cannot_create(folder, "no name");
  }
  if (fs::exists(path, error) && !fs::is_directory(path, error)) {
    throw_cannot_create(folder, "a file of that name");
  }
  fs::create_directories(path.parent_path(), error);
  if (error) {
    throw_cannot_create(folder, error.message());
  }
  return path;
}

// A folder `.<name>.<pid>.partial` beside `folder`, locked; the destructor removes it with its
// contents.
class PartialFolder {
 public:
  explicit PartialFolder(const fs::path& folder) : path_(beside(folder, kPartial)) {
    remove_leftovers(folder);
    // Until the lock is held, another process may mistake the new folder for a dead process's and
    // remove it: then it no longer has a name.
    struct stat status{};
    do {
      if (::mkdir(path_.c_str(), 0777) != 0) {
        throw_cannot_create(path_, last_system_error());
      }
      lock_ = std::make_unique<FileDescriptor>(
          ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (lock_->valid()) {
        ::flock(lock_->get(), LOCK_EX);  // continues without a lock where the file system has none
      }
    } while (!lock_->valid() || ::fstat(lock_->get(), &status) != 0 || status.st_nlink == 0);
  }
  ~PartialFolder() {
    std::error_code ignored;  // the next call removes what is left
    fs::remove_all(path_, ignored);
  }
  PartialFolder(const PartialFolder&) = delete;
  PartialFolder& operator=(const PartialFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  static void remove_leftovers(const fs::path& folder) {
    std::error_code ignored;
    for (const fs::path& path : all_beside(folder, kPartial)) {
      const FileDescriptor lock(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (lock.valid() && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
        fs::remove_all(path, ignored);
      }
    }
  }

  fs::path path_;
  std::unique_ptr<FileDescriptor> lock_;
};

void sync_tree(const fs::path& folder) try {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() || entry.is_directory()) {
      sync_to_disk(entry.path());
    }
  }
  sync_to_disk(folder);
} catch (const fs::filesystem_error& error) {
  throw Error(ErrorCode::io_error,
              fmt::format("replace folder: expected to read what was written, found: {} ({})",
                          error.code().message(),
                          folder.string()));
}

}  // namespace

void replace_folder(const fs::path& folder, const std::function<void(const fs::path&)>& write) {
  const fs::path target = resolved(folder);
  restore_previous_folder(target);
  const PartialFolder fresh(target);
  write(fresh.path());
  sync_tree(fresh.path());
  if (!exchange_folders(fresh.path(), target)) {
    swap_by_renames(fresh.path(), target);
  }
  sync_to_disk(target.parent_path());
}

}  // namespace fastintent
