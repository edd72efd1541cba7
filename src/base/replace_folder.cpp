// The new folder is locked (flock) for as long as its process lives: a partial folder that can be
// locked belongs to a dead process. The process number in its name only keeps writers apart; it
// does not show whether the process is alive, because numbers are reused and differ between
// containers.
#include "base/replace_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>  // renameat2
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/file_descriptor.h"
#include "base/file_writer.h"
#include "base/folder_entries.h"
#include "base/output_place.h"
#include "base/permissions.h"
#include "fastintent/error.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPartial = ".partial";

[[noreturn]] void throw_not_replaced(const fs::path& folder, const std::string& found) {
  throw Error(ErrorCode::io_error,
              fmt::format("replace folder: expected the new folder in its place, found: {} ({})",
                          found,
                          folder.string()));
}

fs::path complete_name(const fs::path& folder) {
  return folder / fmt::format("{}complete", kOurFilesInside);
}

fs::path partial_name(const fs::path& folder) {
  return hidden_companion(folder, fmt::format(".{}{}", ::getpid(), kPartial));
}

// A new folder beside `folder` or inside it, locked; the destructor removes it with its contents.
class PartialFolder {
 public:
  explicit PartialFolder(const fs::path& folder) : path_(partial_name(folder)) {
    remove_leftovers(folder);
    // Until the lock is held, another process may mistake the new folder for a dead process's and
    // remove it: then it no longer has a name.
    struct stat status{};
    do {
      constexpr mode_t kOnlyUs = 0700;
      if (::mkdir(path_.c_str(), kOnlyUs) != 0) {
        throw Error(ErrorCode::cannot_create,
                    fmt::format("replace folder: expected to create it, found: {} ({})",
                                last_system_error(),
                                path_.string()));
      }
      lock_ =
          FileDescriptor(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (lock_.valid()) {
        ::flock(lock_.get(), LOCK_EX);  // continues without a lock where the file system has none
      }
    } while (!lock_.valid() || ::fstat(lock_.get(), &status) != 0 || status.st_nlink == 0);
  }
  ~PartialFolder() {
    remove_tree(path_);  // the next call removes what is left
  }
  PartialFolder(const PartialFolder&) = delete;
  PartialFolder& operator=(const PartialFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  static void remove_leftovers(const fs::path& folder) {
    for (const fs::path& path : companions_of_all(folder, kPartial)) {
      const FileDescriptor lock(
          ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      if (lock.valid() && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
        remove_tree(path);
      }
    }
  }

  fs::path path_;
  FileDescriptor lock_{-1};
};

// All entries under a folder, by their paths in it; a folder comes before its entries. Links are
// not followed, and folders that may not be read are somebody else's.
std::vector<fs::path> names_in(const fs::path& folder) {
  std::vector<fs::path> names = all_entries_of(folder);
  for (fs::path& name : names) {
    name = name.lexically_relative(folder);
  }
  return names;
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(fs::symlink_status(path, ignored));
}

void sync_tree(const fs::path& folder) {
  for (const fs::path& name : names_in(folder)) {
    const fs::path path = folder / name;
    std::error_code ignored;
    if (!fs::is_symlink(fs::symlink_status(path, ignored))) {
      sync_to_disk(path);
    }
  }
  sync_to_disk(folder);
}

// Gives `fresh` the permissions of `old`, a file or folder that it replaces, if there is one.
void keep_permissions_of(const fs::path& old, const fs::path& fresh) {
  const FileDescriptor descriptor(
      ::open(fresh.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status{};
  struct stat own{};
  if (descriptor.valid() && ::fstat(descriptor.get(), &own) == 0 &&
      ::lstat(old.c_str(), &status) == 0 && (own.st_mode & S_IFMT) == (status.st_mode & S_IFMT)) {
    keep_permissions(descriptor.get(), status);
  }
}

void open_to_readers(const fs::path& fresh, const fs::path& target) {
  for (const fs::path& name : names_in(fresh)) {
    keep_permissions_of(target / name, fresh / name);
  }
  ::chmod(fresh.c_str(), new_folder_mode());
  keep_permissions_of(target, fresh);
}

// Whether the folder holds files of the content, and nothing else. An empty folder in it is
// somebody's: the content has none.
bool holds_only(const fs::path& folder, const FolderContent& content) {
  try {
    for (const fs::path& name : names_in(folder)) {
      const bool is_ours =
          is_folder(folder / name) ? !entries_of(folder / name).empty() : content.contains(name);
      if (!is_ours) {
        return false;
      }
    }
  } catch (const Error&) {
    return false;  // what cannot be read is not ours
  }
  return true;
}

// One atomic step; false where it cannot be done.
bool exchange(const fs::path& fresh, const fs::path& target) {
  return ::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0;
}

// Removes the old content, which was exchanged for `target`. A file that somebody put there in the
// last moment follows its folder.
void remove_old(const fs::path& old, const fs::path& target, const FolderContent& content) {
  std::error_code ignored;
  ::chmod(old.c_str(), 0700);
  const std::vector<fs::path> entries = names_in(old);
  for (auto name = entries.rbegin(); name != entries.rend(); ++name) {
    if (is_folder(old / *name) || content.contains(*name)) {
      fs::remove(old / *name, ignored);
      continue;
    }
    fs::create_directories((target / *name).parent_path(), ignored);
    fs::path place = target / *name;
    while (fs::exists(fs::symlink_status(place, ignored))) {
      place += ".kept";
    }
    fs::rename(old / *name, place, ignored);
  }
  fs::remove(old, ignored);
}

// Throws when a folder of the new content has the name of a file or link that is there, or a file
// that of a folder: those are somebody else's.
void require_places(const fs::path& fresh, const fs::path& target) {
  for (const fs::path& name : names_in(fresh)) {
    std::error_code ignored;
    const fs::file_status found = fs::symlink_status(target / name, ignored);
    if (fs::exists(found) && is_folder(fresh / name) != fs::is_directory(found)) {
      throw_not_replaced(target, fmt::format("{}, which is not a model's", name.string()));
    }
  }
}

// What moves a file or folder aside for a moment, inside `target`.
fs::path moment_name(const fs::path& target) {
  return target / fmt::format("{}{}{}", kOurFilesInside, ::getpid(), kPartial);
}

// Puts a file of `from` into `target`, in the place of the old one, and leaves it where it was, too.
void put_file(const fs::path& from, const fs::path& name, const fs::path& target) {
  std::error_code error;
  if (fs::equivalent(from / name, target / name, error)) {
    return;  // a rename of two names of one file would do nothing
  }
  const fs::path moment = moment_name(target);
  remove_tree(moment);
  if (::link((from / name).c_str(), moment.c_str()) != 0) {  // not on every file system
    fs::copy_file(from / name, moment, error);
    if (error) {
      throw_not_replaced(target / name, error.message());
    }
    keep_permissions_of(from / name, moment);
    sync_to_disk(moment);
  }
  if (::rename(moment.c_str(), (target / name).c_str()) != 0) {
    throw_not_replaced(target / name, last_system_error());
  }
}

// Removes the files of the old content that the new one lacks, and the folders that are then empty.
void remove_missing(const fs::path& target,
                    const std::set<fs::path>& fresh,
                    const FolderContent& content) {
  std::error_code ignored;
  for (const fs::path& name : names_in(target)) {
    const bool inside = name.begin()->string().starts_with(kOurFilesInside);
    if (inside || fresh.count(name) > 0 || is_folder(target / name) || !content.contains(name)) {
      continue;
    }
    std::error_code error;
    fs::remove(target / name, error);
    if (error) {
      throw_not_replaced(target / name, error.message());
    }
    if (name.has_parent_path()) {
      fs::remove((target / name).parent_path(), ignored);
    }
  }
}

// Puts the files of complete_folder(target) in their places.
void move_in(const fs::path& target, const FolderContent& content) {
  const fs::path complete = complete_name(target);
  std::error_code ignored;
  std::set<fs::path> fresh;
  std::set<fs::path> changed{target};
  for (const fs::path& name : names_in(complete)) {
    if (is_folder(complete / name)) {
      fs::create_directory(target / name, complete / name, ignored);  // with its permissions
    } else if (content.contains(name) || !fs::exists(fs::symlink_status(target / name, ignored))) {
      put_file(complete, name, target);
      fresh.insert(name);
      changed.insert((target / name).parent_path());
    }
  }
  remove_missing(target, fresh, content);
  for (const fs::path& folder : changed) {
    sync_to_disk(folder);
  }
  const fs::path done = moment_name(target);
  remove_tree(done);
  if (::rename(complete.c_str(), done.c_str()) != 0) {  // in one step, for readers
    throw_not_replaced(target, last_system_error());
  }
  remove_tree(done);
}

void put_in_place(const fs::path& fresh, const fs::path& target, const FolderContent& content) {
  const auto check = [&] {
    if (content.check) {
      content.check();
    }
  };
  check();
  if (!is_folder(target)) {
    if (::rename(fresh.c_str(), target.c_str()) == 0) {
      return;
    }
    if (errno != ENOTEMPTY && errno != EEXIST) {
      throw_not_replaced(target, last_system_error());
    }
    check();  // somebody was faster
  }
  if (holds_only(target, content) && !holds_current_folder(target) && exchange(fresh, target)) {
    remove_old(fresh, target, content);
    return;
  }
  require_places(fresh, target);
  if (::rename(fresh.c_str(), complete_name(target).c_str()) != 0) {
    throw_not_replaced(target, last_system_error());
  }
  sync_to_disk(target);
  move_in(target, content);
}

}  // namespace

void replace_folder(const fs::path& folder,
                    const FolderContent& content,
                    const std::function<void(const fs::path&)>& write) {
  const fs::path target = resolve_output(folder);
  if (is_folder(complete_name(target))) {
    move_in(target, content);
  }
  const bool beside = has_place_beside(target);
  const PartialFolder fresh(target);
  write(fresh.path());
  open_to_readers(fresh.path(), target);
  sync_tree(fresh.path());
  put_in_place(fresh.path(), target, content);
  if (beside) {
    sync_to_disk(target.parent_path());
  }
}

fs::path complete_folder(const fs::path& folder) {
  const fs::path complete = complete_name(folder);
  return is_folder(complete) ? complete : folder;
}

}  // namespace fastintent
