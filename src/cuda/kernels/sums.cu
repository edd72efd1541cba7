#include <algorithm>
#include <vector>

#include "cuda/kernels/row_access.cuh"
#include "cuda/kernels/sums.h"
#include "cuda/kernels/warp_sums.cuh"

namespace fastintent::cuda {
namespace {

constexpr int kWarps = kRowBlock / kWarp;

// --- columns

// Four values of one row per lane.
template <bool vectors>
using Strip = RowShape<1, kWarp, vectors>;
constexpr int kStripColumns = Strip<true>::kColumns;

// A stretch has at least four rows for each warp of a block, and there are at most 64 stretches,
// which the last pass adds quickly; with the 6 strips of 768 columns, those are three blocks for
// each of an H100's 132 multiprocessors.
constexpr int64_t kFewestRows = 4 * kWarps;
constexpr int64_t kMostStretches = 64;

// A block sums one strip of columns over one stretch of rows: each warp sums every eighth row, then
// the block adds the sums of its warps in order.
template <bool vectors>
__global__ void sum_stretch_kernel(ConstTensor rows,
                                   int64_t stretch,
                                   int64_t strips,
                                   Tensor partials) {
  using Shape = Strip<vectors>;
  const int64_t first_column = blockIdx.x % strips * kStripColumns;
  const int64_t columns = rows.columns - first_column;
  const int64_t partial = blockIdx.x / strips;
  const int64_t begin = partial * stretch;
  const int64_t end = begin + stretch < rows.rows ? begin + stretch : rows.rows;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  RowPart<Shape> sums;
  for (int64_t r = begin + warp; r < end; r += kWarps) {
    const auto part = load_part<Shape>(rows.row(r) + first_column, columns, lane);
    for (int i = 0; i < Shape::kValues; ++i) {
      sums[i] += part[i];
    }
  }
  auto* shared = shared_memory<float>();  // [warps, strip]
  store_part(sums, shared + warp * kStripColumns, kStripColumns, lane);
  block_barrier();
  if (threadIdx.x >= kStripColumns || threadIdx.x >= columns) {
    return;
  }
  float sum = 0;
  for (int w = 0; w < kWarps; ++w) {
    sum += shared[w * kStripColumns + threadIdx.x];
  }
  partials.row(partial)[first_column + threadIdx.x] = sum;
}

// A block sums 32 columns: warp w adds partials w, w + 8 ..., then the first warp adds these sums.
__global__ void add_partial_sums_kernel(
    ConstTensor partials, Write write, float* first, int64_t first_count, float* second) {
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int64_t column = int64_t{blockIdx.x} * kWarp + lane;
  float sum = 0;
  if (column < partials.columns) {
    for (int64_t r = warp; r < partials.rows; r += kWarps) {
      sum += partials.row(r)[column];
    }
  }
  auto* shared = shared_memory<float>();  // [warps, 32]
  shared[threadIdx.x] = sum;
  block_barrier();
  if (warp != 0 || column >= partials.columns) {
    return;
  }
  sum = 0;
  for (int w = 0; w < kWarps; ++w) {
    sum += shared[w * kWarp + lane];
  }
  float& out = column < first_count ? first[column] : second[column - first_count];
  out = write == Write::accumulate ? out + sum : sum;
}

// --- gradients

// Eight blocks for each of an H100's multiprocessors, as many as fit; downloading their 8 KB of
// sums is as fast as downloading one number. The count is fixed, so that the order of sums depends
// on the number of gradients alone.
constexpr int64_t kMostBlocks = 1024;

// out = the sum of `parts`, not written if out is the only part; sums[block] = the sum of the
// block's squares.
template <bool vectors>
__global__ void sum_parts_kernel(
    const float* const* parts, int part_count, int64_t count, float* out, double* sums) {
  using Shape = RowShape<1, kRowBlock, vectors>;
  const int thread = static_cast<int>(threadIdx.x);
  const bool writes = part_count > 1 || parts[0] != out;
  double squares = 0;
  for (int64_t first = int64_t{blockIdx.x} * Shape::kColumns; first < count;
       first += int64_t{gridDim.x} * Shape::kColumns) {
    auto sum = load_part<Shape>(parts[0] + first, count - first, thread);
    for (int p = 1; p < part_count; ++p) {
      const auto part = load_part<Shape>(parts[p] + first, count - first, thread);
      for (int i = 0; i < Shape::kValues; ++i) {
        sum[i] += part[i];
      }
    }
    if (writes) {
      store_part(sum, out + first, count - first, thread);
    }
    // Four squares in f32 lose no relevant precision; GPUs for games are slow in double.
    float few = 0;
    for (const float value : sum.values) {
      few += value * value;
    }
    squares += static_cast<double>(few);
  }
  squares = block_sum(squares, shared_memory<double>());
  if (thread == 0) {
    sums[blockIdx.x] = squares;
  }
}

}  // namespace

void sum_columns(Workspace& workspace, ConstTensor rows, Write write, std::span<float> sums) {
  const int64_t stretch = std::max(kFewestRows, divide_up(rows.rows, kMostStretches));
  const int64_t stretches = divide_up(rows.rows, stretch);
  const int64_t strips = divide_up(rows.columns, kStripColumns);
  const Tensor partials(
      workspace.scratch.of<float>(stretches * rows.columns), stretches, rows.columns);
  launch(workspace.stream,
         are_aligned({rows}) ? sum_stretch_kernel<true> : sum_stretch_kernel<false>,
         Launch{stretches * strips, kRowBlock, kWarps * kStripColumns * int64_t{sizeof(float)}},
         rows,
         stretch,
         strips,
         partials);
  add_partial_sums(workspace, partials.data, stretches, write, sums, {});
}

void add_partial_sums(Workspace& workspace,
                      const float* partials,
                      int64_t count,
                      Write write,
                      std::span<float> first,
                      std::span<float> second) {
  const auto columns = static_cast<int64_t>(first.size() + second.size());
  launch(workspace.stream,
         add_partial_sums_kernel,
         Launch{divide_up(columns, kWarp), kRowBlock, kRowBlock * int64_t{sizeof(float)}},
         ConstTensor(partials, count, columns),
         write,
         first.data(),
         static_cast<int64_t>(first.size()),
         second.data());
}

double sum_gradients(Workspace& workspace,
                     std::span<const std::span<const float>> parts,
                     std::span<float> out) {
  std::vector<const float*> pointers;
  bool vectors = is_aligned(out.data());
  for (const std::span<const float> part : parts) {
    pointers.push_back(part.data());
    vectors = vectors && is_aligned(part.data()) && part.size() % 4 == 0;
  }
  const auto count = static_cast<int64_t>(out.size());
  const int64_t blocks =
      std::min(divide_up(count, RowShape<1, kRowBlock, true>::kColumns), kMostBlocks);
  auto* sums = workspace.scratch.of<double>(blocks);
  launch(workspace.stream,
         vectors ? sum_parts_kernel<true> : sum_parts_kernel<false>,
         Launch{blocks, kRowBlock, kWarps * int64_t{sizeof(double)}},
         workspace.arrays.on_device<const float*>(pointers),
         static_cast<int>(pointers.size()),
         count,
         out.data(),
         sums);
  std::vector<double> found(static_cast<size_t>(blocks));
  workspace.stream.download(sums, found.data(), found.size() * sizeof(double));
  workspace.synchronize();
  double squared_norm = 0;
  for (const double sum : found) {
    squared_norm += sum;
  }
  return squared_norm;
}

}  // namespace fastintent::cuda
