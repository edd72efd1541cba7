#pragma once

#include <cstdint>
#include <span>

#include "compute/backend.h"

namespace fastintent {

/// Zeroed floats in host memory; of a large block only the written pages become resident. Throws
/// std::bad_alloc.
Buffer allocate_host_memory(int64_t floats);

/// Lets the system use huge pages for a buffer of allocate_host_memory that is about to be filled as a
/// whole: that takes a third of the time. Only part of a buffer would take more memory.
void prefer_huge_pages(const Buffer& buffer);

/// A view of a backend's buffer that the host can read and write: the buffer itself if the backend
/// shares host memory, otherwise a copy. Backend and buffer must outlive it.
class HostView {
 public:
  HostView(Backend& backend, const Buffer& buffer);

  std::span<float> values() const;
  /// Copies the buffer's values into the view, and the view's values into the buffer.
  void read();
  void write() const;

 private:
  Backend& backend_;
  const Buffer& buffer_;
  Buffer copy_;  // empty if the buffer itself is used
};

}  // namespace fastintent
