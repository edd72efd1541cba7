#include "base/git_lfs.h"

#include <fmt/format.h>

#include "fastintent/error.h"

namespace fastintent {

void refuse_git_lfs_pointer(std::string_view content, const std::string& file) {
  // The first line of every pointer, up to its version.
  if (!content.starts_with("version https://git-lfs.github.com/spec/")) {
    return;
  }
  throw Error(ErrorCode::bad_checkpoint,
              fmt::format("read file: expected the content, found a Git LFS pointer to it ({}); "
                          "fetch the content with \"git lfs pull\" in the folder",
                          file));
}

}  // namespace fastintent
