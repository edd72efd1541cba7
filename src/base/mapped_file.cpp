#include "base/mapped_file.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include "fastintent/error.h"

namespace fastintent {

MappedFile::MappedFile(const OpenedFile& file) {
  const auto size = static_cast<size_t>(file.size());
  if (size == 0) {
    return;  // mmap refuses a length of 0
  }
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  if (address == MAP_FAILED) {
    throw Error(ErrorCode::io_error,
                fmt::format("map file: expected {} bytes mapped, found: {} ({})",
                            size,
                            last_system_error(),
                            file.path()));
  }
  bytes_ = {static_cast<const std::byte*>(address), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) {
    // munmap needs the pointer that mmap returned; this class itself only reads the memory.
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
}

}  // namespace fastintent
