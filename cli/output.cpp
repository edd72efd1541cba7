#include "output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "fastintent/error.h"

namespace fastintent::cli {
namespace fs = std::filesystem;
namespace {

constexpr size_t kBufferSize = 1 << 16;  // a pipe's capacity: no larger write is done at once

[[noreturn]] void fail_creating(const std::string& name) {
  throw Error(ErrorCode::cannot_create,
              fmt::format("output: expected to create {}, found: {}", name, std::strerror(errno)));
}

bool is_standard_output(const std::string& file) {
  return file.empty() || file == "-";
}

// The target of a link: the target is replaced, not the link.
fs::path resolved(const std::string& file) {
  std::error_code unresolved;
  const fs::path path = fs::weakly_canonical(file, unresolved);
  return unresolved ? fs::path(file) : path;
}

bool is_special(const fs::path& file) {
  std::error_code unknown;
  const fs::file_status status = fs::status(file, unknown);
  return fs::exists(status) && !fs::is_regular_file(status);
}

// So that the rename itself survives a power cut.
void sync_folder(const fs::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0) {
    fsync(descriptor);
    close(descriptor);
  }
}

}  // namespace

Output::Output(const std::string& file, Unfinished unfinished)
    : descriptor_(STDOUT_FILENO), name_("standard output"), unfinished_(unfinished) {
  if (is_standard_output(file)) {
    return;
  }
  name_ = file;
  file_ = resolved(file);
  if (is_special(file_)) {
    open_in_place();
  } else if (unfinished == Unfinished::kept) {
    open_to_keep();
  } else {
    open_beside();
  }
}

fs::path Output::partial_name(const std::string& file) {
  if (is_standard_output(file) || is_special(resolved(file))) {
    return {};
  }
  return resolved(file) += ".partial";
}

Output::~Output() {
  // Removed before closing the descriptor releases the lock: another run may be waiting for both.
  std::error_code unknown;
  if (!partial_.empty() &&
      (unfinished_ == Unfinished::removed || fs::file_size(partial_, unknown) == 0)) {
    unlink(partial_.c_str());
  }
  if (descriptor_ > STDERR_FILENO) {
    close(descriptor_);
  }
}

void Output::open_in_place() {
  descriptor_ = open(file_.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor_ < 0) {
    fail_creating(name_);
  }
}

void Output::open_beside() {
  const fs::path folder = file_.parent_path();
  const fs::path partial =
      folder / fmt::format(".{}.{}.partial", file_.filename().string(), getpid());
  descriptor_ = open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    fail_creating(name_);
  }
  partial_ = partial;
  keep_mode();
}

void Output::open_to_keep() {
  const fs::path partial = partial_name(name_);
  descriptor_ = open(partial.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    fail_creating(name_);
  }
  // Between opening and locking, another run may have finished and renamed the file.
  struct stat opened{};
  struct stat named{};
  const bool locked = flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
  const bool same = fstat(descriptor_, &opened) == 0 && stat(partial.c_str(), &named) == 0 &&
                    opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
  if (!locked || !same) {
    throw Error(ErrorCode::cannot_create,
                fmt::format("output: expected to be the only one to write {}, found another run at "
                            "it",
                            partial.string()));
  }
  partial_ = partial;
}

void Output::keep_mode() const {
  struct stat old{};
  if (stat(file_.c_str(), &old) == 0 && fchmod(descriptor_, old.st_mode & 07777) != 0) {
    fail_creating(name_);
  }
}

void Output::clear() {
  if (ftruncate(descriptor_, 0) != 0) {
    fail_writing();
  }
}

void Output::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kBufferSize) {
    flush();
  }
}

void Output::flush() {
  size_t written = 0;
  while (written < buffer_.size()) {
    const ssize_t count = ::write(descriptor_, buffer_.data() + written, buffer_.size() - written);
    if (count >= 0) {
      written += static_cast<size_t>(count);
    } else if (errno != EINTR) {
      fail_writing();
    }
  }
  buffer_.clear();
}

void Output::finish() {
  flush();
  if (partial_.empty()) {
    return;
  }
  if (unfinished_ == Unfinished::kept) {
    keep_mode();  // not earlier: a read-only old file must not prevent resuming
  }
  if (fsync(descriptor_) != 0 || rename(partial_.c_str(), file_.c_str()) != 0) {
    fail_writing();
  }
  partial_.clear();
  sync_folder(file_.parent_path());
}

void Output::fail_writing() const {
  if (errno == EPIPE) {
    throw ReaderGone();
  }
  throw Error(ErrorCode::io_error,
              fmt::format("output: expected to write {}, found: {}", name_, std::strerror(errno)));
}

}  // namespace fastintent::cli
