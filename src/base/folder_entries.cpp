#include "base/folder_entries.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <new>
#include <string_view>
#include <system_error>

#include "base/file_descriptor.h"
#include "fastintent/error.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using OpenFolder = std::unique_ptr<DIR, CloseFolder>;

// The next name, without "." and ".."; nullptr at the end and, with errno set, after an error.
const char* next_name(DIR* folder) {
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(folder);
    if (entry == nullptr) {
      return nullptr;
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      return entry->d_name;
    }
  }
}

[[noreturn]] void throw_unreadable(const fs::path& folder) {
  if (errno == ENOMEM) {
    throw std::bad_alloc();
  }
  throw Error(ErrorCode::io_error,
              fmt::format("read folder: expected its entries, found: {} ({})",
                          last_system_error(),
                          folder.string()));
}

// Removes `name` in the open folder `parent`.
void remove_in(int parent, const char* name) noexcept {
  if (::unlinkat(parent, name, 0) == 0 || (errno != EISDIR && errno != EPERM)) {
    return;
  }
  const int inner = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (inner < 0) {
    return;
  }
  if (const OpenFolder entries(::fdopendir(inner)); entries != nullptr) {  // it closes `inner`
    while (const char* entry = next_name(entries.get())) {
      remove_in(inner, entry);
    }
  } else {
    ::close(inner);
  }
  ::unlinkat(parent, name, AT_REMOVEDIR);
}

// `open`: the stream of `folder`.
void add_entries(const fs::path& folder,
                 const OpenFolder& open,
                 bool of_folders_inside,
                 std::vector<fs::path>& entries) {
  if (open == nullptr) {
    throw_unreadable(folder);
  }
  while (const char* name = next_name(open.get())) {
    fs::path path = folder / name;
    entries.push_back(path);
    std::error_code unknown;
    if (of_folders_inside && fs::is_directory(fs::symlink_status(path, unknown))) {
      const OpenFolder inside(::opendir(path.c_str()));
      if (inside != nullptr || errno != EACCES) {
        add_entries(path, inside, true, entries);
      }
    }
  }
  if (errno != 0) {
    throw_unreadable(folder);
  }
}

}  // namespace

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  add_entries(folder, OpenFolder(::opendir(folder.c_str())), false, entries);
  return entries;
}

std::vector<fs::path> readable_entries_of(const fs::path& folder) {
  try {
    return entries_of(folder);
  } catch (const Error&) {
    return {};
  }
}

std::vector<fs::path> all_entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  add_entries(folder, OpenFolder(::opendir(folder.c_str())), true, entries);
  return entries;
}

void copy_tree(const fs::path& from, const fs::path& to) {
  if (!fs::is_directory(from)) {
    std::error_code error;
    do {  // libstdc++ does not try again after a signal
      fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
    } while (error == std::errc::interrupted);
    if (error) {
      throw fs::filesystem_error("copy", from, to, error);
    }
    return;
  }
  fs::create_directory(to);
  for (const fs::path& entry : entries_of(from)) {
    copy_tree(entry, to / entry.filename());
  }
}

void remove_tree(const fs::path& path) noexcept {
  remove_in(AT_FDCWD, path.c_str());
}

}  // namespace fastintent
