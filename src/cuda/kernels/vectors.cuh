#pragma once

#include <cstdint>

#include "cuda/device_code.h"

namespace fastintent::cuda {

constexpr int64_t kVectorBytes = 16;

/// Neighbours in memory that one thread loads and stores in accesses of 16 bytes. Stays in
/// registers if loops over it have a constant count.
template <class Value, int kCount>
struct alignas(kVectorBytes) Vector {
  Value values[kCount];
};

// `data` is aligned to 16 bytes. store_vector writes to device memory, store_vector_shared to
// shared memory.

template <int kCount, class Value>
__device__ Vector<Value, kCount> load_vector(const Value* data) {
  Vector<Value, kCount> vector;
  static_assert(sizeof(vector) % kVectorBytes == 0);
  constexpr int kStep = static_cast<int>(kVectorBytes / sizeof(Value));
  for (int i = 0; i < kCount; i += kStep) {
    load_16_bytes(data + i, vector.values + i);
  }
  return vector;
}
template <int kCount, class Value>
__device__ void store_vector(Value* data, const Vector<Value, kCount>& vector) {
  constexpr int kStep = static_cast<int>(kVectorBytes / sizeof(Value));
  for (int i = 0; i < kCount; i += kStep) {
    store_16_bytes(data + i, vector.values + i);
  }
}
template <int kCount, class Value>
__device__ void store_vector_shared(Value* data, const Vector<Value, kCount>& vector) {
  constexpr int kStep = static_cast<int>(kVectorBytes / sizeof(Value));
  for (int i = 0; i < kCount; i += kStep) {
    store_16_bytes_shared(data + i, vector.values + i);
  }
}

/// Whether every row is aligned to 16 bytes.
template <class Matrix>
bool rows_are_aligned(const Matrix& matrix) {
  const auto row_bytes = matrix.stride * static_cast<int64_t>(sizeof(*matrix.data));
  return reinterpret_cast<uintptr_t>(matrix.data) % kVectorBytes == 0 &&
         (matrix.rows <= 1 || row_bytes % kVectorBytes == 0);
}

}  // namespace fastintent::cuda
