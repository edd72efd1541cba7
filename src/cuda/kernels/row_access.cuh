#pragma once

#include <initializer_list>
#include <string>

#include "compute/tensor.h"
#include "cuda/device_code.h"
#include "fastintent/error.h"

// Rows that a team of threads holds in its registers: read once, used several times, written once.
namespace fastintent::cuda {

/// How the columns of a row are distributed over the `threads` of a team, `quads` times four to
/// each: with `vectors` as four neighbours in one access (16 bytes of f32), otherwise one by one,
/// so that the accesses of neighbouring threads still coalesce.
template <int quads, int threads, bool vectors>
struct RowShape {
  static constexpr int kValues = 4 * quads;
  static constexpr int kThreads = threads;
  static constexpr bool kVectors = vectors;
  static constexpr int kColumns = kValues * threads;

  __device__ static int column(int thread, int value) {
    if constexpr (vectors) {
      return (value / 4 * threads + thread) * 4 + value % 4;
    }
    return value * threads + thread;
  }
};

/// A thread's values of a row, in the order of Shape::column.
template <class Shape>
struct RowPart {
  float values[Shape::kValues] = {};
  __device__ float& operator[](int i) { return values[i]; }
  __device__ const float& operator[](int i) const { return values[i]; }
};

/// Four values in one access.
template <class Value>
struct alignas(4 * sizeof(Value)) Four {
  Value values[4];
};

/// Columns beyond `columns` are not read; they are 0.
template <class Shape, class Value>
__device__ inline RowPart<Shape> load_part(const Value* row, int64_t columns, int thread) {
  RowPart<Shape> part;
  for (int i = 0; i < Shape::kValues; i += Shape::kVectors ? 4 : 1) {
    const int column = Shape::column(thread, i);
    if (column >= columns) {
      continue;
    }
    if constexpr (Shape::kVectors) {
      const auto four = *reinterpret_cast<const Four<Value>*>(row + column);
      for (int j = 0; j < 4; ++j) {
        part[i + j] = to_float(four.values[j]);
      }
    } else {
      part[i] = to_float(row[column]);
    }
  }
  return part;
}

/// Columns beyond `columns` are not written.
template <class Shape, class Value>
__device__ inline void store_part(const RowPart<Shape>& part,
                                  Value* row,
                                  int64_t columns,
                                  int thread) {
  for (int i = 0; i < Shape::kValues; i += Shape::kVectors ? 4 : 1) {
    const int column = Shape::column(thread, i);
    if (column >= columns) {
      continue;
    }
    if constexpr (Shape::kVectors) {
      Four<Value> four;
      for (int j = 0; j < 4; ++j) {
        four.values[j] = from_float<Value>(part[i + j]);
      }
      *reinterpret_cast<Four<Value>*>(row + column) = four;
    } else {
      row[column] = from_float<Value>(part[i]);
    }
  }
}

/// Calls `action(i, column)` for each of the thread's values that is in the row.
template <class Shape, class Action>
__device__ inline void for_each_column(int64_t columns, int thread, const Action& action) {
  for (int i = 0; i < Shape::kValues; ++i) {
    const int column = Shape::column(thread, i);
    if (column < columns) {
      action(i, column);
    }
  }
}

/// Whether `data` may be accessed by four values at once.
template <class Value>
bool is_aligned(const Value* data) {
  return reinterpret_cast<uintptr_t>(data) % (4 * sizeof(Value)) == 0;
}

/// Whether all of these, with rows of equal width, may be accessed as vectors.
inline bool are_aligned(std::initializer_list<ConstTensor> tensors) {
  for (const ConstTensor& tensor : tensors) {
    if (tensor.empty()) {
      continue;
    }
    if (!is_aligned(tensor.data) || tensor.columns % 4 != 0 || tensor.stride % 4 != 0) {
      return false;
    }
  }
  return true;
}

/// Threads of a block whose teams hold rows: eight warps, the size at which a multiprocessor's
/// registers divide evenly among its blocks.
constexpr int kRowBlock = 256;

/// Calls `run` with the RowShape for complete rows of H columns: one warp for a row of up to 1024,
/// since sums over it then need no barrier; the complete block for a wider one.
template <bool vectors, class Run>
void with_row_shape(int64_t H, const Run& run) {
  // The widths of MiniLM, of BERT's base and of its large models fit exactly.
  using Widest = RowShape<8, kRowBlock, vectors>;
  if (H <= 384) {
    run(RowShape<3, kWarp, vectors>());
  } else if (H <= 768) {
    run(RowShape<6, kWarp, vectors>());
  } else if (H <= 1024) {
    run(RowShape<8, kWarp, vectors>());
  } else if (H <= Widest::kColumns) {
    run(Widest());
  } else {
    // Without fmt: nvcc warns about its headers.
    throw Error(ErrorCode::invalid_argument,
                "cuda: expected rows of up to " + std::to_string(Widest::kColumns) +
                    " columns, found " + std::to_string(H));
  }
}
template <class Run>
void with_row_shape(int64_t H, bool vectors, const Run& run) {
  vectors ? with_row_shape<true>(H, run) : with_row_shape<false>(H, run);
}

}  // namespace fastintent::cuda
