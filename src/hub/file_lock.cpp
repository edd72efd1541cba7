#include "hub/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <chrono>
#include <thread>

#include "fastintent/error.h"
#include "hub/hub_cache.h"

namespace fastintent {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(50);  // a download takes seconds

int open_lock(const std::filesystem::path& file) {
  create_parent_folder(file);
  return ::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
}

}  // namespace

FileLock::FileLock(const std::filesystem::path& file, const std::function<bool()>& should_stop)
    : descriptor_(open_lock(file)) {
  if (!descriptor_.valid()) {
    throw Error(ErrorCode::cannot_create,
                fmt::format("download model: expected to create a lock file, found: {} ({})",
                            last_system_error(),
                            file.string()));
  }
  while (::flock(descriptor_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      throw Error(ErrorCode::cannot_create,
                  fmt::format("download model: expected a file system with locks, found: {} ({}); "
                              "HF_HOME names another place for the cache",
                              last_system_error(),
                              file.string()));
    }
    if (should_stop && should_stop()) {
      throw Error(ErrorCode::interrupted, "download model: stopped while another one downloads it");
    }
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace fastintent
