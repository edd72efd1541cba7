#pragma once

#include <string>
#include <string_view>

namespace fastintent {

/// Throws bad_checkpoint when `content`, the beginning of `file` or all of it, is the pointer that
/// Git LFS leaves in the place of a large file which was not fetched.
void refuse_git_lfs_pointer(std::string_view content, const std::string& file);

}  // namespace fastintent
