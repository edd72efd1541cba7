#include "base/folder_swap.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>  // renameat2

#include <algorithm>
#include <string>
#include <system_error>

#include "base/file_descriptor.h"
#include "fastintent/error.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrevious = ".previous";

[[noreturn]] void throw_not_replaced(const fs::path& folder) {
  throw Error(ErrorCode::io_error,
              fmt::format("replace folder: expected the new folder in its place, found: {} ({})",
                          last_system_error(),
                          folder.string()));
}

}  // namespace

fs::path beside(const fs::path& folder, std::string_view suffix) {
  return folder.parent_path() /
         fmt::format(".{}.{}{}", folder.filename().string(), ::getpid(), suffix);
}

std::vector<fs::path> all_beside(const fs::path& folder, std::string_view suffix) {
  const std::string prefix = fmt::format(".{}.", folder.filename().string());
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder.parent_path(), ignored)) {
    const std::string name = entry.path().filename().string();
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
      found.push_back(entry.path());
    }
  }
  return found;
}

bool exchange_folders(const fs::path& fresh, const fs::path& folder) {
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, folder.c_str(), RENAME_EXCHANGE) == 0) {
    return true;
  }
  if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) {
    return false;
  }
  // There was nothing to exchange with: an ordinary rename does it.
  if (errno == ENOENT && ::rename(fresh.c_str(), folder.c_str()) == 0) {
    return true;
  }
  throw_not_replaced(folder);
}

void swap_by_renames(const fs::path& fresh, const fs::path& folder) {
  const fs::path previous = beside(folder, kPrevious);
  const bool replaces = ::rename(folder.c_str(), previous.c_str()) == 0;
  if (!replaces && errno != ENOENT) {
    throw_not_replaced(folder);
  }
  if (::rename(fresh.c_str(), folder.c_str()) != 0) {
    const int reason = errno;
    if (replaces) {
      ::rename(previous.c_str(), folder.c_str());
    }
    errno = reason;
    throw_not_replaced(folder);
  }
  if (replaces && ::rename(previous.c_str(), fresh.c_str()) != 0) {
    throw_not_replaced(previous);
  }
}

void restore_previous_folder(const fs::path& folder) {
  std::error_code ignored;
  for (const fs::path& path : all_beside(folder, kPrevious)) {
    if (!fs::exists(folder, ignored)) {
      fs::rename(path, folder, ignored);
    } else {
      fs::remove_all(path, ignored);
    }
  }
}

}  // namespace fastintent
