#include "base/git_lfs.h"

#include <fmt/format.h>

namespace fastintent {

void refuse_git_lfs_pointer(std::string_view content, const std::string& file, ErrorCode code) {
  if (!content.starts_with(kGitLfsPointer)) {
    return;
  }
  throw Error(code,
              fmt::format("read file: expected the content, found a Git LFS pointer to it ({}); "
                          "fetch the content with \"git lfs pull\" in the folder",
                          file));
}

}  // namespace fastintent
