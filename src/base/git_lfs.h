#pragma once

#include <string>
#include <string_view>

#include "fastintent/error.h"

namespace fastintent {

/// The beginning of every pointer, up to the version of its format.
constexpr std::string_view kGitLfsPointer = "version https://git-lfs.github.com/spec/";

/// Throws `code` when `content`, the beginning of `file` or all of it, is the pointer that Git LFS
/// leaves in the place of a large file which was not fetched.
void refuse_git_lfs_pointer(std::string_view content,
                            const std::string& file,
                            ErrorCode code = ErrorCode::bad_checkpoint);

}  // namespace fastintent
