#include "base/scratch_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

#include "fastintent/error.h"

namespace fastintent {

ScratchFolder::ScratchFolder() {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  std::string name = (parent / "fastintent-XXXXXX").string();
  if (error || mkdtemp(name.data()) == nullptr) {
    throw Error(ErrorCode::cannot_create,
                "temporary folder: expected to create " + name +
                    ", found: " + (error ? error.message() : std::strerror(errno)));
  }
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code nothing_to_be_done;
  std::filesystem::remove_all(path_, nothing_to_be_done);
}

}  // namespace fastintent
