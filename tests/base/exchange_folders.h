#pragma once

#include <fcntl.h>
#include <stdio.h>

#include <filesystem>

namespace fastintent {

/// Gives two folders each other's names in one step; false where the file system cannot.
inline bool exchange_folders(const std::filesystem::path& a, const std::filesystem::path& b) {
  return renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0;
}

}  // namespace fastintent
