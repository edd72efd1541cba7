#pragma once

#include <cstddef>
#include <span>

#include "base/opened_file.h"

namespace fastintent {

/// A whole file, mapped for reading. Safe from many threads. Nobody may write to the file or shorten
/// it while it is mapped; replace it by renaming, as FileWriter does.
class MappedFile {
 public:
  /// An empty file is fine. Throws io_error when the file cannot be mapped.
  explicit MappedFile(const OpenedFile& file);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace fastintent
