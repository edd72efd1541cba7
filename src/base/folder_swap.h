#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace fastintent {

/// `.<name>.<number><suffix>` beside `folder`: what a process of that number keeps there.
std::filesystem::path beside(const std::filesystem::path& folder, std::string_view suffix);
/// All that any process left there under that suffix.
std::vector<std::filesystem::path> all_beside(const std::filesystem::path& folder,
                                              std::string_view suffix);

/// Puts `fresh` in the place of `folder`, which need not exist, in one atomic step; the old folder,
/// if any, is then at `fresh`. Both lie in one folder. False, with nothing done, where the file
/// system cannot exchange. Throws io_error.
bool exchange_folders(const std::filesystem::path& fresh, const std::filesystem::path& folder);

/// The same in two renames, for such a file system: between them, only
/// beside(folder, ".previous") holds the old folder, which `restore_previous_folder` brings back
/// after a crash. Throws io_error, with the old folder back in its place.
void swap_by_renames(const std::filesystem::path& fresh, const std::filesystem::path& folder);

/// Ends what a process that died within `swap_by_renames` began: brings the old folder back when
/// `folder` is absent, else removes it.
void restore_previous_folder(const std::filesystem::path& folder);

}  // namespace fastintent
