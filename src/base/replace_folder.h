#pragma once

#include <filesystem>
#include <functional>

namespace fastintent {

/// Writes a folder so that a reader sees the complete old one or the complete new one: `write`
/// fills a new folder beside `folder`, everything is fsynced, then the two are exchanged (renameat2
/// EXCHANGE, or two renames where the file system cannot, with the old folder kept beside it until
/// the new one is in place) and the old one is removed. When `write` throws or the process dies,
/// `folder` is unchanged; left-over partial folders of dead processes beside it are removed by the
/// next call.
///
/// Throws cannot_create or io_error, and the exceptions of `write`.
void replace_folder(const std::filesystem::path& folder,
                    const std::function<void(const std::filesystem::path&)>& write);

}  // namespace fastintent
