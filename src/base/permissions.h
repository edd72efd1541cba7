#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <filesystem>

namespace fastintent {

/// The permissions of a new file and of a new folder under this process's umask.
mode_t new_file_mode();
mode_t new_folder_mode();

/// Gives an open file or folder the permissions, owner and group of `old`, which it will replace.
/// Only a privileged process may change an owner; where the group cannot be kept, the new group gets
/// no permissions. Where the file system has no permissions, nothing changes.
void keep_permissions(int descriptor, const struct stat& old);

/// Whether everybody may create files in this folder, as in /tmp.
bool is_shared_by_all(const std::filesystem::path& folder);

}  // namespace fastintent
