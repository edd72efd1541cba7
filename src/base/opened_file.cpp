#include "base/opened_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <time.h>

#include <chrono>
#include <thread>
#include <utility>

#include "fastintent/error.h"

namespace fastintent {
namespace {

// A file system marks changes with the clock of the kernel's ticks, of at most 10 ms. Two of them
// are enough to be past the tick of the last change.
constexpr int64_t kLongestWait = 20'000'000;

int64_t nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

FileState state_of(const struct stat& status) {
  return {.device = static_cast<uint64_t>(status.st_dev),
          .inode = static_cast<uint64_t>(status.st_ino),
          .size = static_cast<uint64_t>(status.st_size),
          .modified = nanoseconds(status.st_mtim),
          .changed = nanoseconds(status.st_ctim),
          .links = static_cast<uint64_t>(status.st_nlink),
          .mode = status.st_mode,
          .owner = status.st_uid,
          .group = status.st_gid};
}

struct stat status_of(const FileDescriptor& file, const std::string& path) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) {
    throw Error(
        ErrorCode::io_error,
        fmt::format("open file: expected its size, found: {} ({})", last_system_error(), path));
  }
  return status;
}

// The state of a file whose next change is certain to be visible: within one tick of the clock, a
// file can change twice under the same time.
FileState settled_state(const FileDescriptor& file, const std::string& path) {
  FileState state = state_of(status_of(file, path));
  timespec ticks{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &ticks);
  const int64_t end = nanoseconds(ticks) + kLongestWait;
  // A time further in the future is that of another machine's clock.
  while (state.changed >= nanoseconds(ticks) && state.changed < end && nanoseconds(ticks) < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ::clock_gettime(CLOCK_REALTIME_COARSE, &ticks);
    state = state_of(status_of(file, path));
  }
  return state;
}

FileDescriptor open_regular(int folder, const std::string& name, const std::string& path) {
  // Not blocking, so that a pipe in a file's place is refused below instead of waited for.
  FileDescriptor descriptor(::openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!descriptor.valid()) {
    throw Error(
        ErrorCode::missing_input,
        fmt::format(
            "open file: expected a readable file, found: {} ({})", last_system_error(), path));
  }
  const mode_t mode = status_of(descriptor, path).st_mode;
  if (!S_ISREG(mode)) {
    throw Error(ErrorCode::missing_input,
                fmt::format("open file: expected a regular file, found {} ({})",
                            S_ISDIR(mode) ? "a folder" : "something else",
                            path));
  }
  return descriptor;
}

}  // namespace

bool FileState::has_content_of(const FileState& other) const {
  if (!is_same_file(other) || size != other.size || modified != other.modified) {
    return false;
  }
  // The time of the last change also moves with these, which are not the content.
  const bool explained =
      links != other.links || mode != other.mode || owner != other.owner || group != other.group;
  return changed == other.changed || explained;
}

OpenedFile::OpenedFile(const std::filesystem::path& file)
    : path_(file.string()),
      descriptor_(open_regular(AT_FDCWD, path_, path_)),
      state_(settled_state(descriptor_, path_)) {}

OpenedFile::OpenedFile(const FileDescriptor& folder, const std::string& name, std::string shown)
    : path_(std::move(shown)),
      descriptor_(open_regular(folder.get(), name, path_)),
      state_(settled_state(descriptor_, path_)) {}

void OpenedFile::read(uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t count =
        ::pread(descriptor_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      throw Error(ErrorCode::io_error,
                  fmt::format("read file: expected {} bytes from {} on, found: {} ({})",
                              out.size(),
                              offset,
                              count < 0 ? last_system_error() : "a file that became shorter",
                              path_));
    }
    out = out.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
}

std::string OpenedFile::text(uint64_t most_bytes) const {
  if (size() > most_bytes) {
    throw Error(
        ErrorCode::bad_checkpoint,
        fmt::format(
            "read file: expected at most {} bytes, found {} ({})", most_bytes, size(), path_));
  }
  std::string content(static_cast<size_t>(size()), '\0');
  read(0, std::as_writable_bytes(std::span(content)));
  return content;
}

bool OpenedFile::unchanged() const {
  struct stat status{};
  return ::fstat(descriptor_.get(), &status) == 0 && state_of(status).has_content_of(state_);
}

bool find_state(const FileDescriptor& folder, const std::string& name, FileState& state) {
  struct stat status{};
  if (::fstatat(folder.get(), name.c_str(), &status, 0) != 0) {
    return false;
  }
  state = state_of(status);
  return true;
}

}  // namespace fastintent
