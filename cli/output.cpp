#include "output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "fastintent/error.h"

namespace fastintent::cli {
namespace fs = std::filesystem;
namespace {

constexpr size_t kBufferSize = 1 << 16;  // a pipe's capacity: no larger write goes through at once

[[noreturn]] void fail_creating(const std::string& name) {
  throw Error(ErrorCode::cannot_create,
              fmt::format("output: expected to create {}, found: {}", name, std::strerror(errno)));
}

/// So that the rename itself survives a power cut.
void sync_folder(const fs::path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0) {
    fsync(descriptor);
    close(descriptor);
  }
}

}  // namespace

Output::Output(const std::string& file) : descriptor_(STDOUT_FILENO), name_("standard output") {
  if (file.empty() || file == "-") {
    return;
  }
  name_ = file;
  // The file a link leads to is replaced, not the link.
  std::error_code unresolved;
  file_ = fs::weakly_canonical(file, unresolved);
  if (unresolved) {
    file_ = file;
  }
  std::error_code unknown;
  const fs::file_status status = fs::status(file_, unknown);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    open_in_place();
  } else {
    open_beside();
  }
}

Output::~Output() {
  if (descriptor_ > STDERR_FILENO) {
    close(descriptor_);
  }
  if (!partial_.empty()) {
    unlink(partial_.c_str());
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
  struct stat old {};
  if (stat(file_.c_str(), &old) == 0 && fchmod(descriptor_, old.st_mode & 07777) != 0) {
    fail_creating(name_);
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
