#include "base/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file_descriptor.h"
#include "fastintent/error.h"

namespace fastintent {

MappedFile::MappedFile(const std::filesystem::path& file) {
  // Not blocking, so that a pipe in a file's place is refused below instead of waited for.
  const FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!descriptor.valid()) {
    throw Error(ErrorCode::missing_input,
                fmt::format("open file: expected a readable file, found: {} ({})",
                            last_system_error(),
                            file.string()));
  }
  struct stat status{};
  if (::fstat(descriptor.get(), &status) != 0) {
    throw Error(
        ErrorCode::io_error,
        fmt::format(
            "open file: expected its size, found: {} ({})", last_system_error(), file.string()));
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::missing_input,
                fmt::format("open file: expected a regular file, found {} ({})",
                            S_ISDIR(status.st_mode) ? "a folder" : "something else",
                            file.string()));
  }
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0) {
    return;  // mmap refuses a length of 0
  }
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor.get(), 0);
  if (address == MAP_FAILED) {
    throw Error(ErrorCode::io_error,
                fmt::format("map file: expected {} bytes mapped, found: {} ({})",
                            size,
                            last_system_error(),
                            file.string()));
  }
  bytes_ = {static_cast<const std::byte*>(address), size};
}

void MappedFile::release_pages() const {
  if (!bytes_.empty()) {
    ::madvise(const_cast<std::byte*>(bytes_.data()), bytes_.size(), MADV_DONTNEED);
  }
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) {
    // munmap needs the pointer that mmap returned; this class itself only reads the memory.
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
}

}  // namespace fastintent
