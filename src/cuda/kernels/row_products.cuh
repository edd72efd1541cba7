#pragma once

#include <cstdint>

#include "compute/tensor.h"
#include "cuda/kernels/vectors.cuh"

// The products of attention in plain f32: rows of one side (queries, say), eight per warp, with 32
// of the other (keys), one per lane. Both are in shared memory, a chunk of columns at a time, so
// that any head width and any number of keys need the same memory. A float4 of the lane's row is
// read once for eight rows, whose own values are broadcast: 12 accesses for 32 fused multiply-adds
// of a warp.
namespace fastintent::cuda {

/// Rows that a warp computes.
constexpr int kWarpRows = 8;

/// Columns of a chunk: kColumns per lane.
template <int kColumns>
constexpr int kChunkColumns = kWarp * kColumns;

/// Floats between rows of a chunk: four more than its columns, so that eight lanes that read 16
/// bytes each of neighbouring rows have no bank conflict.
template <int kColumns>
constexpr int kChunkStride = kChunkColumns<kColumns> + 4;

/// Rows of a head as a kernel reads them. `vectors`: each row is aligned to 16 bytes and holds a
/// multiple of 16 bytes; it is a number, so that the struct has no undefined padding.
template <class Value>
struct HeadRows {
  const Value* data;
  int64_t stride;
  int64_t vectors;

  /// The rows from row `row` and column `column` on.
  __device__ HeadRows at(int64_t row, int64_t column) const {
    return {data + row * stride + column, stride, vectors};
  }
};

template <class Value>
HeadRows<Value> head_rows(const Value* data, int64_t stride, int64_t head_width) {
  const auto bytes = static_cast<int64_t>(sizeof(Value));
  const auto misplaced = reinterpret_cast<uintptr_t>(data) |
                         static_cast<uintptr_t>(stride * bytes) |
                         static_cast<uintptr_t>(head_width * bytes);
  return {data, stride, misplaced % kVectorBytes == 0 ? 1 : 0};
}
inline HeadRows<float> head_rows(ConstTensor tensor, int64_t head_width) {
  return head_rows(tensor.data, tensor.stride, head_width);
}

/// The 16-byte pieces of a chunk, row by row.
template <class Value, int kColumns>
struct ChunkVector {
  static constexpr int kCount = static_cast<int>(kVectorBytes / sizeof(Value));
  static constexpr int kOfRow = kChunkColumns<kColumns> / kCount;
  int row;
  int column;

  __device__ explicit ChunkVector(int index)
      : row(index / kOfRow), column(index % kOfRow * kCount) {}

  __device__ void store(float* chunk, const Vector<Value, kCount>& loaded) const {
    Vector<float, kCount> values;
    for (int c = 0; c < kCount; ++c) {
      values.values[c] = to_float(loaded.values[c]);
    }
    store_vector_shared(chunk + row * kChunkStride<kColumns> + column, values);
  }
};

/// chunk[r][c] = rows[r][c], by all threads of the block. Zero from row `count` up to the next
/// multiple of four and from column `columns` on, so that products may read past both.
template <int kThreads, int kColumns, class Value>
__device__ void load_chunk(float* chunk, const HeadRows<Value>& rows, int count, int columns) {
  using At = ChunkVector<Value, kColumns>;
  // Loads of a thread that are in flight together: all of a short text's.
  constexpr int kTogether = 4;
  const int all = (count + 3) / 4 * 4 * At::kOfRow;
  for (int first = static_cast<int>(threadIdx.x); first < all; first += kTogether * kThreads) {
    Vector<Value, At::kCount> loaded[kTogether];
    for (int m = 0; m < kTogether; ++m) {
      const At at(first + m * kThreads);
      const Value* from = rows.data + at.row * rows.stride + at.column;
      if (rows.vectors != 0 && at.row < count && at.column < columns) {
        loaded[m] = load_vector<At::kCount>(from);
      } else {
        for (int c = 0; c < At::kCount; ++c) {
          const bool there = at.row < count && at.column + c < columns;
          loaded[m].values[c] = there ? from[c] : from_float<Value>(0.0F);
        }
      }
    }
    for (int m = 0; m < kTogether; ++m) {
      if (first + m * kThreads < all) {
        At(first + m * kThreads).store(chunk, loaded[m]);
      }
    }
  }
}

/// sums[r] += mine[r] · other over the columns of a chunk; `other` is the lane's row.
template <int kColumns>
__device__ void add_row_products(float (&sums)[kWarpRows],
                                 const float* mine,
                                 const float* other,
                                 int columns) {
  for (int c = 0; c < columns; c += 4) {
    const auto theirs = load_vector<4>(other + c);
    for (int r = 0; r < kWarpRows; ++r) {
      const auto ours = load_vector<4>(mine + r * kChunkStride<kColumns> + c);
      for (int i = 0; i < 4; ++i) {
        sums[r] = fmaf(ours.values[i], theirs.values[i], sums[r]);
      }
    }
  }
}

/// sums[r][i] += sum of weights[r][o] · others[o][lane + 32 i] over `count` others, in order.
/// weights [kWarpRows][kWarp], zero from `count` on
template <int kColumns>
__device__ void add_weighted_rows(float (&sums)[kWarpRows][kColumns],
                                  const float* weights,
                                  const float* others,
                                  int count) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  for (int first = 0; first < count; first += 4) {
    float rows[4][kColumns];
    for (int o = 0; o < 4; ++o) {
      for (int i = 0; i < kColumns; ++i) {
        rows[o][i] = others[(first + o) * kChunkStride<kColumns> + lane + i * kWarp];
      }
    }
    for (int r = 0; r < kWarpRows; ++r) {
      const auto four = load_vector<4>(weights + r * kWarp + first);
      for (int o = 0; o < 4; ++o) {
        for (int i = 0; i < kColumns; ++i) {
          sums[r][i] = fmaf(four.values[o], rows[o][i], sums[r][i]);
        }
      }
    }
  }
}

}  // namespace fastintent::cuda
