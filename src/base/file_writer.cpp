#include "base/file_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <system_error>
#include <utility>

#include "base/output_place.h"
#include "base/permissions.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPartial = ".partial";
constexpr mode_t kOnlyUs = 0600;  // while the file grows; `finish` sets its permissions

[[noreturn]] void throw_io_error(const char* expected, const std::string& file) {
  throw Error(
      ErrorCode::io_error,
      fmt::format("write file: expected {}, found: {} ({})", expected, last_system_error(), file));
}

[[noreturn]] void throw_cannot_create(const std::string& file, const std::string& found) {
  throw Error(ErrorCode::cannot_create,
              fmt::format("write file: expected to create it, found: {} ({})", found, file));
}

// The target of a link: the target is replaced, not the link.
fs::path target_of(const fs::path& file) {
  std::error_code unresolved;
  const fs::path path = fs::weakly_canonical(fs::absolute(file, unresolved), unresolved);
  return unresolved ? file : path;
}

// Removes what dead processes left of `file`: files that nobody holds, and whatever has our own name
// `partial`, which somebody else may have put there. They are never written to.
void remove_leftovers(const fs::path& file, const fs::path& partial) {
  for (const fs::path& left : companions_of_all(file, kPartial)) {
    const FileDescriptor earlier(
        ::open(left.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    const bool is_free = earlier.valid() && ::flock(earlier.get(), LOCK_EX | LOCK_NB) == 0;
    const bool is_ours = left == partial;
    if (is_ours && earlier.valid() && !is_free && errno == EWOULDBLOCK) {
      throw_cannot_create(file.string(), "another run that writes it");
    }
    std::error_code error;
    if ((is_free || is_ours) && !fs::remove(left, error) && is_ours) {
      throw_cannot_create(partial.string(), error.message());
    }
  }
}

bool is_special(const fs::path& file) {
  std::error_code unknown;
  const fs::file_status status = fs::status(file, unknown);
  return fs::exists(status) && !fs::is_regular_file(status);
}

}  // namespace

FileWriter::FileWriter(const fs::path& file, Unfinished unfinished)
    : file_(target_of(file)),
      name_(file.string()),
      unfinished_(unfinished),
      opened_(std::make_unique<FileDescriptor>(-1)) {  // before a file is open that it would lose
  if (is_special(file_)) {
    *opened_ = FileDescriptor(::open(file_.c_str(), O_WRONLY | O_CLOEXEC));
  } else if (unfinished == Unfinished::kept) {
    open_to_keep();
  } else {
    open_new();
  }
  if (!opened_->valid()) {
    throw_cannot_create(name_, last_system_error());
  }
  descriptor_ = opened_->get();
}

FileWriter::FileWriter(int descriptor, std::string name)
    : name_(std::move(name)), descriptor_(descriptor) {}

FileWriter::~FileWriter() {
  // Removed before the lock is released: another writer may be waiting for both.
  std::error_code ignored;
  if (!partial_.empty() &&
      (unfinished_ == Unfinished::removed || fs::file_size(partial_, ignored) == 0)) {
    fs::remove(partial_, ignored);
  }
}

fs::path FileWriter::partial_name(const fs::path& file) {
  const fs::path target = target_of(file);
  return is_special(target) ? fs::path() : fs::path(target) += kPartial;
}

void FileWriter::open_new() {
  const fs::path partial = file_.parent_path() /
                           fmt::format(".{}.{}{}", file_.filename().string(), ::getpid(), kPartial);
  struct stat status{};
  do {
    remove_leftovers(file_, partial);
    *opened_ =
        FileDescriptor(::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOnlyUs));
    if (opened_->valid()) {
      ::flock(opened_->get(), LOCK_EX | LOCK_NB);  // not on every file system
    }
    // Until it is locked, another process may take it for a dead one's.
  } while (opened_->valid() ? ::fstat(opened_->get(), &status) == 0 && status.st_nlink == 0
                            : errno == EEXIST);
  if (opened_->valid()) {
    partial_ = partial;
  }
}

void FileWriter::open_to_keep() {
  const fs::path partial = partial_name(file_);
  *opened_ =
      FileDescriptor(::open(partial.c_str(),
                            O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
                            kOnlyUs));
  if (!opened_->valid()) {
    throw_cannot_create(partial.string(),
                        errno == ELOOP ? "a link in its place" : last_system_error());
  }
  struct stat opened{};
  struct stat named{};
  const bool known = ::fstat(opened_->get(), &opened) == 0;
  const bool by_others = opened.st_uid != ::geteuid() && is_shared_by_all(partial.parent_path());
  if (known && (!S_ISREG(opened.st_mode) || opened.st_nlink > 1 || by_others)) {
    throw_cannot_create(partial.string(), "a file of somebody else in its place");
  }
  // Between opening and locking, another run may have finished and renamed the file.
  const bool locked = ::flock(opened_->get(), LOCK_EX | LOCK_NB) == 0;
  const bool same = known && ::stat(partial.c_str(), &named) == 0 &&
                    opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
  if (!locked || !same) {
    throw Error(ErrorCode::cannot_create,
                fmt::format("write file: expected to be the only one to write {}, found another "
                            "run at it",
                            partial.string()));
  }
  ::fchmod(opened_->get(), kOnlyUs);  // it may be an earlier version's
  partial_ = partial;
}

void FileWriter::clear() {
  if (::ftruncate(descriptor_, 0) != 0) {
    throw_io_error("an empty file", name_);
  }
}

void FileWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes = bytes.subspan(static_cast<size_t>(written));
    } else if (errno == EPIPE) {
      throw ReaderGone(ErrorCode::io_error,
                       fmt::format("write file: expected a reader, found none ({})", name_));
    } else if (errno != EINTR) {
      throw_io_error("all bytes written", name_);
    }
  }
}

void FileWriter::write(std::string_view text) {
  write(std::as_bytes(std::span(text)));
}

void FileWriter::finish() {
  if (partial_.empty()) {
    return;
  }
  struct stat old{};
  if (::stat(file_.c_str(), &old) == 0) {
    keep_permissions(descriptor_, old);
  } else {
    // Where the file system has no permissions, it decides.
    [[maybe_unused]] const int result = ::fchmod(descriptor_, new_file_mode());
  }
  if (::fsync(descriptor_) != 0) {
    throw_io_error("the content on the disk", name_);
  }
  if (::rename(partial_.c_str(), file_.c_str()) != 0) {
    throw_io_error("the new file in its place", name_);
  }
  partial_.clear();
  sync_to_disk(file_.has_parent_path() ? file_.parent_path() : fs::path("."));
}

void write_file(const fs::path& file, std::string_view text) {
  FileWriter writer(file);
  writer.write(text);
  writer.finish();
}

void sync_to_disk(const fs::path& file_or_folder) {
  const FileDescriptor descriptor(::open(file_or_folder.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.valid() || ::fsync(descriptor.get()) != 0) {
    throw_io_error("the content on the disk", file_or_folder.string());
  }
}

}  // namespace fastintent
