#pragma once

#include <cstdint>
#include <span>

#include "compute/backend.h"

namespace fastintent {

/// Zeroed floats of the host; of a large block only what is written becomes resident. Throws
/// std::bad_alloc.
Buffer allocate_host_memory(int64_t floats);

/// A buffer of a backend where the host can read and write it: the buffer itself where the backend
/// shares host memory, else a copy. Both must outlive it.
class HostView {
 public:
  HostView(Backend& backend, const Buffer& buffer);

  std::span<float> values() const;
  /// Takes the buffer's values over into the view, and the view's into the buffer.
  void read();
  void write() const;

 private:
  Backend& backend_;
  const Buffer& buffer_;
  Buffer copy_;  // empty where the buffer itself serves
};

}  // namespace fastintent
