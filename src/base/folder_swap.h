#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace fastintent {

/// `.<name>.<number><suffix>` beside `folder`: the path that the process of that number uses.
std::filesystem::path beside(const std::filesystem::path& folder, std::string_view suffix);
/// All such paths beside `folder` with that suffix, of any process.
std::vector<std::filesystem::path> all_beside(const std::filesystem::path& folder,
                                              std::string_view suffix);

/// Puts `fresh` in the place of `folder`, which need not exist, in one atomic step; the old folder,
/// if any, is then at `fresh`. Both are in one folder. Returns false, with nothing done, where the
/// file system cannot exchange. Throws io_error.
bool exchange_folders(const std::filesystem::path& fresh, const std::filesystem::path& folder);

/// The same in two renames, for such a file system: between them, only
/// beside(folder, ".previous") holds the old folder, which `restore_previous_folder` restores after
/// a crash. Throws io_error, with the old folder back in its place.
void swap_by_renames(const std::filesystem::path& fresh, const std::filesystem::path& folder);

/// Completes `swap_by_renames` for a process that died in it: restores the old folder when `folder`
/// is absent, else removes it.
void restore_previous_folder(const std::filesystem::path& folder);

}  // namespace fastintent
