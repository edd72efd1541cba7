#include "base/file_writer.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <system_error>

#include "fastintent/error.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void throw_io_error(const char* expected, const fs::path& file) {
  throw Error(
      ErrorCode::io_error,
      fmt::format(
          "write file: expected {}, found: {} ({})", expected, last_system_error(), file.string()));
}

}  // namespace

FileWriter::FileWriter(const fs::path& file) : file_(file) {
  std::error_code ignored;
  const fs::file_status status = fs::status(file, ignored);
  fs::path opened = file_;
  int flags = O_WRONLY | O_CLOEXEC;
  if (fs::is_regular_file(status) || !fs::exists(status)) {
    if (fs::is_symlink(file, ignored) && fs::exists(status)) {
      file_ = fs::canonical(file, ignored);
    }
    partial_ =
        file_.parent_path() / fmt::format(".{}.{}.partial", file_.filename().string(), ::getpid());
    opened = partial_;
    // A file under our process number was left by an earlier process with the same number.
    fs::remove(partial_, ignored);
    flags |= O_CREAT | O_EXCL;
  }
  descriptor_ = std::make_unique<FileDescriptor>(::open(opened.c_str(), flags, 0666));
  if (!descriptor_->valid()) {
    throw Error(ErrorCode::cannot_create,
                fmt::format("write file: expected to create it, found: {} ({})",
                            last_system_error(),
                            file.string()));
  }
}

FileWriter::~FileWriter() {
  if (!partial_.empty()) {
    std::error_code ignored;
    fs::remove(partial_, ignored);
  }
}

void FileWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_->get(), bytes.data(), bytes.size());
    if (written >= 0) {
      bytes = bytes.subspan(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      throw_io_error("all bytes written", file_);
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
  if (::fsync(descriptor_->get()) != 0) {
    throw_io_error("the content on the disk", file_);
  }
  if (::rename(partial_.c_str(), file_.c_str()) != 0) {
    throw_io_error("the new file in its place", file_);
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
    throw_io_error("the content on the disk", file_or_folder);
  }
}

}  // namespace fastintent
