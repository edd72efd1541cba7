#include "cuda/memory.h"

#include <fmt/format.h>

#include <new>

#include "fastintent/error.h"

namespace fastintent::cuda {

DeviceMemory allocate(int device, size_t bytes) {
  try {
    return {device, bytes};
  } catch (const std::bad_alloc&) {
    trim_device_memory(device);
  }
  try {
    return {device, bytes};
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::out_of_resources,
                fmt::format("allocate: expected {} bytes of free memory on cuda:{}, found {}",
                            bytes,
                            device,
                            device_memory_facts(device).free));
  }
}

DeviceMemory allocate_at_best(int device, size_t roomy, size_t bytes) {
  if (roomy > bytes) {
    try {
      return {device, roomy};
    } catch (const std::bad_alloc&) {
      // The smaller size is enough.
    }
  }
  return allocate(device, bytes);
}

void clear(const Stream& stream, Tensor out) {
  const size_t row_bytes = static_cast<size_t>(out.columns) * sizeof(float);
  if (out.contiguous()) {
    stream.clear(out.data, static_cast<size_t>(out.rows) * row_bytes);
  } else {
    for (int64_t row = 0; row < out.rows; ++row) {
      stream.clear(out.row(row), row_bytes);
    }
  }
}

}  // namespace fastintent::cuda
