#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

namespace fastintent {

/// The beginning of the names of all files that a run keeps inside an output folder.
constexpr std::string_view kOurFilesInside = ".fastintent.";

/// `folder` absolute, without links or a trailing slash, so that it has a parent and a name; its
/// parents are created. Throws cannot_create when they cannot be, or for a file or the root.
std::filesystem::path resolve_output(const std::filesystem::path& folder);

/// Whether new content can be written beside `folder` and put in its place: not for the root of a
/// mounted file system, as containers have it, nor where the parent may not be written. It is then
/// written inside.
bool has_place_beside(const std::filesystem::path& folder);

/// The path of a file or folder that accompanies an output folder: `<folder><suffix>` or, without a
/// place beside it, inside it with a name that begins with kOurFilesInside.
std::filesystem::path companion(const std::filesystem::path& folder, std::string_view suffix);

/// As companion, but with a hidden name beside the folder, too: `.<name><suffix>`.
std::filesystem::path hidden_companion(const std::filesystem::path& folder,
                                       std::string_view suffix);

/// The paths of hidden companions `.<number><suffix>` of every process, of either kind.
std::vector<std::filesystem::path> companions_of_all(const std::filesystem::path& folder,
                                                     std::string_view suffix);

/// Whether `folder` is this process's current folder, or contains it.
bool holds_current_folder(const std::filesystem::path& folder);

/// The bytes that this user may still write where `path` is or will be; the largest number where
/// the file system does not report them.
int64_t free_bytes(const std::filesystem::path& path);

}  // namespace fastintent
