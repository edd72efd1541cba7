#include "base/output_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <system_error>

#include "fastintent/error.h"

namespace fastintent {

OutputLock::OutputLock(const char* operation, const std::filesystem::path& file) : file_(file) {
  struct stat status{};
  do {
    descriptor_ = std::make_unique<FileDescriptor>(
        ::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (!descriptor_->valid()) {
      throw Error(ErrorCode::cannot_create,
                  fmt::format("{}: expected to create a file beside or in the output, found: {} "
                              "({})",
                              operation,
                              last_system_error(),
                              file.string()));
    }
    if (::flock(descriptor_->get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      throw Error(ErrorCode::cannot_create,
                  fmt::format("{}: expected to be the only run that writes this output, found "
                              "another one at it, which holds {}",
                              operation,
                              file.string()));
    }
    // The holder before us may have removed the file between our opening and locking it.
  } while (::fstat(descriptor_->get(), &status) == 0 && status.st_nlink == 0);
}

OutputLock::~OutputLock() {
  std::error_code ignored;  // a file that stays does no harm
  std::filesystem::remove(file_, ignored);
}

}  // namespace fastintent
