#pragma once

#include <filesystem>
#include <vector>

// What std::filesystem does with folders, but safe when memory runs out: the iterators of libstdc++, and
// so its remove_all, allocate in functions that must not throw, which ends the process.
namespace fastintent {

/// The paths of everything in a folder, `folder` in front, in any order. Throws io_error when the
/// folder cannot be read.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);

/// The same; nothing when the folder cannot be read.
std::vector<std::filesystem::path> readable_entries_of(const std::filesystem::path& folder);

/// As entries_of, with everything in the folders inside; a folder comes before its entries. Links are not
/// followed, and folders inside that may not be read seem empty.
std::vector<std::filesystem::path> all_entries_of(const std::filesystem::path& folder);

/// Copies a file, over one that may be there, or a folder with everything in it; follows links.
/// Throws io_error and std::filesystem::filesystem_error.
void copy_tree(const std::filesystem::path& from, const std::filesystem::path& to);

/// Removes a file, a link, or a folder with everything in it, as far as that is possible.
void remove_tree(const std::filesystem::path& path) noexcept;

}  // namespace fastintent
