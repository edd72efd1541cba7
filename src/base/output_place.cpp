#include "base/output_place.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <string>
#include <system_error>

#include "base/folder_entries.h"
#include "fastintent/error.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void throw_cannot_create(const fs::path& folder, const std::string& found) {
  throw Error(
      ErrorCode::cannot_create,
      fmt::format("output: expected to create a folder, found: {} ({})", found, folder.string()));
}

bool is_mount_point(const fs::path& folder) {
  struct statx status{};
  if (::statx(AT_FDCWD, folder.c_str(), 0, STATX_TYPE, &status) != 0) {
    return false;
  }
  if ((status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0) {
    return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  }
  // A kernel before 5.8: right but for a folder mounted over another one of its file system.
  struct stat own{};
  struct stat parent{};
  return ::stat(folder.c_str(), &own) == 0 && ::stat((folder / "..").c_str(), &parent) == 0 &&
         own.st_dev != parent.st_dev;
}

// Adds the entries of `folder` named prefix, digits, suffix.
void add_numbered(const fs::path& folder,
                  const std::string& prefix,
                  std::string_view suffix,
                  std::vector<fs::path>& found) {
  for (const fs::path& entry : readable_entries_of(folder)) {
    const std::string name = entry.filename().string();
    if (name.size() <= prefix.size() + suffix.size() || !name.starts_with(prefix) ||
        !name.ends_with(suffix)) {
      continue;
    }
    // Only digits may be between them: other names may belong to a folder whose name begins like
    // this one's.
    const auto end = name.end() - static_cast<std::ptrdiff_t>(suffix.size());
    if (std::all_of(name.begin() + static_cast<std::ptrdiff_t>(prefix.size()), end, [](char c) {
          return c >= '0' && c <= '9';
        })) {
      found.push_back(entry);
    }
  }
}

fs::path inside(const fs::path& folder, std::string_view suffix) {
  return folder / fmt::format("{}{}", kOurFilesInside, suffix.substr(1));
}

}  // namespace

fs::path resolve_output(const fs::path& folder) {
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
  const fs::file_status status = fs::symlink_status(path, error);
  if (fs::exists(status) && !fs::is_directory(status)) {
    throw_cannot_create(folder,
                        fs::is_symlink(status) ? "a link to nothing" : "a file of that name");
  }
  fs::create_directories(path.parent_path(), error);
  if (error) {
    throw_cannot_create(folder, error.message());
  }
  return path;
}

bool has_place_beside(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder, ignored)) {
    return true;
  }
  const fs::path parent = folder.parent_path();
  return !is_mount_point(folder) &&
         ::faccessat(AT_FDCWD, parent.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

fs::path companion(const fs::path& folder, std::string_view suffix) {
  return has_place_beside(folder) ? fs::path(folder) += suffix : inside(folder, suffix);
}

fs::path hidden_companion(const fs::path& folder, std::string_view suffix) {
  return has_place_beside(folder)
             ? folder.parent_path() / fmt::format(".{}{}", folder.filename().string(), suffix)
             : inside(folder, suffix);
}

std::vector<fs::path> companions_of_all(const fs::path& folder, std::string_view suffix) {
  std::vector<fs::path> found;
  const std::string beside = fmt::format(".{}.", folder.filename().string());
  add_numbered(folder.parent_path(), beside, suffix, found);
  add_numbered(folder, std::string(kOurFilesInside), suffix, found);
  return found;
}

bool holds_current_folder(const fs::path& folder) {
  std::error_code unknown;
  const fs::path current = fs::current_path(unknown);
  const auto [end, ignored] =
      std::mismatch(folder.begin(), folder.end(), current.begin(), current.end());
  return !unknown && end == folder.end();
}

int64_t free_bytes(const fs::path& path) {
  fs::path existing = path;
  std::error_code ignored;
  while (!fs::exists(existing, ignored) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  struct statvfs space{};
  // A file system that does not count its blocks (some network and overlay ones) reports none.
  if (::statvfs(existing.c_str(), &space) != 0 || space.f_blocks == 0) {
    return std::numeric_limits<int64_t>::max();
  }
  const auto blocks = ::geteuid() == 0 ? space.f_bfree : space.f_bavail;  // some are root's alone
  return static_cast<int64_t>(blocks) * static_cast<int64_t>(space.f_frsize);
}

}  // namespace fastintent
