#include "base/folder_snapshot.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "base/folder_entries.h"
#include "base/replace_folder.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

// With the waits between them more than half a second in all: longer than replacing a folder takes,
// and than rewriting one of ordinary size. Where a writer replaces the folder without a pause, more
// than half of the attempts to read a small one are lost: so many in a row are not.
constexpr int kMostAttempts = 40;
constexpr std::chrono::milliseconds kWait{15};
// Listing takes some microseconds: even where folders are exchanged all the time, one of these is
// quick enough.
constexpr int kMostListings = 100;

FileDescriptor open_folder(const fs::path& folder) {
  FileDescriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid()) {
    const int reason = errno;
    const bool is_file = reason == ENOTDIR && ::access(folder.c_str(), F_OK) == 0;
    const std::string found = is_file            ? "a file: name the folder that it is in"
                              : reason == ENOENT ? "none"
                                                 : std::system_category().message(reason);
    throw Error(
        ErrorCode::missing_input,
        fmt::format("load model: expected a folder, found {} ({})", found, folder.string()));
  }
  return descriptor;
}

// Whether the path still leads to the opened folder.
bool has_its_name(const FileDescriptor& folder, const fs::path& path) {
  struct stat opened{};
  struct stat named{};
  return ::fstat(folder.get(), &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

bool is_broken_link(const FileDescriptor& folder, const std::string& name) {
  struct stat status{};
  return ::fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISLNK(status.st_mode);
}

}  // namespace

// A folder that is removed has lost its name before: one that still has it was listed whole.
FolderSnapshot::FolderSnapshot(const fs::path& folder)
    : path_(complete_folder(folder)), folder_(open_folder(path_)) {
  list("");
  for (int i = 1; i < kMostListings && !has_its_name(folder_, path_); ++i) {
    folder_ = open_folder(path_);
    folders_.clear();
    names_.clear();
    list("");
  }
}

// Lists the folder and, at the top, the folders in it; others than these have no files of a model.
void FolderSnapshot::list(const std::string& folder) {
  const std::string opened = folder.empty() ? "." : folder;
  const int descriptor =
      ::openat(folder_.get(), opened.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(
      descriptor < 0 ? nullptr : ::fdopendir(descriptor), ::closedir);
  if (entries == nullptr) {
    if (descriptor >= 0) {
      ::close(descriptor);
    }
    return;  // gone meanwhile, or not for us: its files are looked for one by one
  }
  folders_.insert(folder);
  std::vector<std::string> inner;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") {
      continue;
    }
    std::string path = folder;
    if (!path.empty()) {
      path += '/';
    }
    path += name;
    names_.insert(std::move(path));
    if (folder.empty() && entry->d_type == DT_DIR) {
      inner.push_back(name);
    }
  }
  for (const std::string& name : inner) {
    list(name);
  }
}

bool FolderSnapshot::is_covered(const std::string& name) const {
  const size_t slash = name.rfind('/');
  return folders_.contains(slash == std::string::npos ? "" : name.substr(0, slash));
}

std::string FolderSnapshot::shown(const std::string& name) const {
  return (path_ / name).string();
}

bool FolderSnapshot::has(const std::string& name) const {
  {
    const std::lock_guard lock(mutex_);
    if (texts_.contains(name)) {
      return true;  // also when it is gone by now
    }
  }
  return look_for(name);
}

bool FolderSnapshot::look_for(const std::string& name) const {
  if (is_covered(name) && !names_.contains(name)) {
    return false;
  }
  FileState ignored;
  if (find_state(folder_, name, ignored)) {
    return true;
  }
  if (names_.contains(name) && !is_broken_link(folder_, name)) {
    const std::lock_guard lock(mutex_);
    lost_ = name;
  }
  return false;
}

std::shared_ptr<const OpenedFile> FolderSnapshot::open(const std::string& name) const try {
  auto file = std::make_shared<const OpenedFile>(folder_, name, shown(name));
  const std::lock_guard lock(mutex_);
  const auto [known, added] = opened_.emplace(name, file->state());
  if (!added && !file->state().has_content_of(known->second)) {
    lost_ = name;  // another file than before
  }
  return file;
} catch (const Error&) {
  look_for(name);  // notices that the file is gone
  throw;
}

std::shared_ptr<const std::string> FolderSnapshot::text(const std::string& name,
                                                        uint64_t most_bytes) const {
  {
    const std::lock_guard lock(mutex_);
    const auto known = texts_.find(name);
    if (known != texts_.end()) {
      return known->second;
    }
  }
  const auto file = open(name);
  auto content = std::make_shared<const std::string>(file->text(most_bytes));
  const std::lock_guard lock(mutex_);
  if (!file->unchanged()) {
    lost_ = name;
  }
  return texts_.emplace(name, std::move(content)).first->second;
}

void FolderSnapshot::copy_to(const fs::path& out,
                             const std::function<bool(const std::string& name)>& leave_out) const
    try {
  // By this path the system reaches the opened folder, whatever has its name now.
  const fs::path opened = fmt::format("/proc/self/fd/{}", folder_.get());
  for (const fs::path& entry : entries_of(opened)) {
    const std::string name = entry.filename().string();
    if (!leave_out(name)) {
      copy_tree(entry, out / name);
    }
  }
  for (const std::string& name : names_) {
    look_for(name);  // notices one that was removed before it was copied
  }
  require_unchanged("copy model");
} catch (const fs::filesystem_error& error) {
  throw Error(ErrorCode::io_error,
              fmt::format("copy model: expected all files copied, found: {} ({})",
                          error.code().message(),
                          path_.string()));
}

std::string FolderSnapshot::find_change() const {
  const std::lock_guard lock(mutex_);
  if (!lost_.empty()) {
    return shown(lost_);
  }
  for (const auto& [name, state] : opened_) {
    FileState now;
    // A file that is gone was there when it was opened, and nobody writes to it any more.
    if (find_state(folder_, name, now) && !now.has_content_of(state)) {
      return shown(name);
    }
  }
  return {};
}

bool FolderSnapshot::unchanged() const {
  return find_change().empty();
}

void FolderSnapshot::require_unchanged(const char* operation) const {
  const std::string changed = find_change();
  if (!changed.empty()) {
    throw Error(
        ErrorCode::io_error,
        fmt::format("{}: expected the model's files to stay as they are while they are read, "
                    "found that one changed; try again ({})",
                    operation,
                    changed));
  }
}

SnapshotPath SnapshotPath::operator/(const fs::path& name) const {
  SnapshotPath inner = *this;
  inner.name_ = (fs::path(name_) / name).lexically_normal().string();
  if (inner.name_ == ".") {
    inner.name_.clear();
  }
  if (inner.name_.ends_with('/')) {
    inner.name_.pop_back();
  }
  return inner;
}

SnapshotPath SnapshotPath::parent() const {
  SnapshotPath outer = *this;
  outer.name_ = fs::path(name_).parent_path().string();
  return outer;
}

fs::path SnapshotPath::path() const {
  return name_.empty() ? snapshot_->path() : snapshot_->path() / name_;
}

void wait_to_load_again(const fs::path& folder, int attempt) {
  if (attempt == kMostAttempts) {
    throw Error(
        ErrorCode::io_error,
        fmt::format("load model: expected a folder that does not change while it is loaded, "
                    "found that it changed {} times; write a new folder and rename it "
                    "instead of writing into the one in use ({})",
                    kMostAttempts,
                    folder.string()));
  }
  std::this_thread::sleep_for(kWait);
}

}  // namespace fastintent
