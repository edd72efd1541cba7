#pragma once

#include <filesystem>
#include <functional>

namespace fastintent {

/// What replace_folder needs to know about the content of a folder.
struct FolderContent {
  /// Whether a file, by its path in the folder, is part of what is written there. Every other file
  /// belongs to somebody else: it keeps its place, and is never replaced.
  std::function<bool(const std::filesystem::path& file)> contains;
  /// Called when the new content is about to get its place; throws to refuse that. May be empty.
  std::function<void()> check = {};
};

/// Writes the content of a folder so that a reader sees the complete old one or the complete new
/// one. `write` fills a new folder, which only this user can read; everything is fsynced and gets
/// the permissions of what it replaces. Then it is put in the place of the old one:
///
/// - The two folders are exchanged in one step (renameat2 EXCHANGE), and the old one is removed.
/// - Where that cannot be (the root of a mounted file system, the current folder, a file system or
///   parent folder that does not permit it) or must not be, because the folder holds files of
///   others, the folder stays and its content is exchanged: the new content is renamed to a folder
///   inside, which is the complete new content from then on (see complete_folder), and its files
///   are put in place one by one. A killed process leaves it to the next call to finish that.
///
/// When `write` throws or the process dies before, `folder` is unchanged; what dead processes left
/// is removed by the next call. One call at a time for a folder: see OutputLock.
///
/// Throws cannot_create or io_error, and the exceptions of `write` and `check`.
void replace_folder(const std::filesystem::path& folder,
                    const FolderContent& content,
                    const std::function<void(const std::filesystem::path&)>& write);

/// Where the complete content of `folder` is: in it or, while replace_folder puts new content in
/// place file by file and after a process died in that, in a folder inside it.
std::filesystem::path complete_folder(const std::filesystem::path& folder);

}  // namespace fastintent
