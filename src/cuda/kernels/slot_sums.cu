#include "cuda/kernels/slot_sums.h"

#include <algorithm>
#include <vector>

#include "cuda/kernels/row_access.cuh"

namespace fastintent::cuda {
namespace {

constexpr int kWarps = kRowBlock / kWarp;

// One row of four values a lane.
template <bool vectors>
using Strip = RowShape<1, kWarp, vectors>;
constexpr int kStripColumns = Strip<true>::kColumns;

// A warp adds rows one after the other, so that the longest list is what a kernel waits for: lists
// of more rows than these are summed in pieces first. Few words reach that, segments always do.
constexpr int32_t kPiece = 64;

// sums[s] = rows[order[i]] for i in [starts[s], starts[s + 1]); without an order, rows[i]. A warp
// for each strip of each row of `sums`.
template <bool vectors>
__global__ void sum_lists_kernel(ConstTensor rows,
                                 const int32_t* order,
                                 const int32_t* starts,
                                 int64_t strips,
                                 Write write,
                                 Tensor sums) {
  using Shape = Strip<vectors>;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int64_t warp = int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  const int64_t slot = warp / strips;
  if (slot >= sums.rows) return;
  const int64_t first_column = warp % strips * kStripColumns;
  const int64_t columns = rows.columns - first_column;
  const int32_t end = starts[slot + 1];
  RowPart<Shape> sum;
  for (int32_t i = starts[slot]; i < end; ++i) {
    const int64_t t = order == nullptr ? i : order[i];
    const auto part = load_part<Shape>(rows.row(t) + first_column, columns, lane);
    for (int v = 0; v < Shape::kValues; ++v) sum[v] += part[v];
  }
  float* out = sums.row(slot) + first_column;
  if (write == Write::accumulate) {
    const auto before = load_part<Shape>(out, columns, lane);
    for (int v = 0; v < Shape::kValues; ++v) sum[v] += before[v];
  }
  store_part(sum, out, columns, lane);
}

void sum_lists(Workspace& workspace,
               ConstTensor rows,
               const int32_t* order,
               const int32_t* starts,
               Write write,
               Tensor sums) {
  const int64_t strips = divide_up(sums.columns, kStripColumns);
  launch(workspace.stream,
         are_aligned({rows, sums}) ? sum_lists_kernel<true> : sum_lists_kernel<false>,
         Launch{divide_up(sums.rows * strips, kWarps), kRowBlock},
         rows,
         order,
         starts,
         strips,
         write,
         sums);
}

// Index arrays of one sum, in one upload.
struct Lists {
  std::vector<int32_t> numbers;
  size_t starts = 0;        // where in `numbers`, after the order: [slots + 1] into the order
  size_t piece_starts = 0;  // [pieces + 1] into the order
  size_t slot_pieces = 0;   // [slots + 1] into the pieces
  int64_t pieces = 0;       // 0: every list is short
};

// Sorts t by slot, keeping the order of t within one.
Lists lists_of(std::span<const int32_t> slots, int64_t slot_count) {
  std::vector<int32_t> starts(static_cast<size_t>(slot_count) + 1);
  for (const int32_t slot : slots) ++starts[static_cast<size_t>(slot) + 1];
  const int32_t longest = *std::max_element(starts.begin(), starts.end());
  for (size_t s = 1; s < starts.size(); ++s) starts[s] += starts[s - 1];

  Lists lists;
  std::vector<int32_t>& numbers = lists.numbers;
  numbers.resize(slots.size());
  std::vector<int32_t> next = starts;
  for (size_t t = 0; t < slots.size(); ++t) {
    int32_t& place = next[static_cast<size_t>(slots[t])];
    numbers[static_cast<size_t>(place++)] = static_cast<int32_t>(t);
  }
  lists.starts = numbers.size();
  numbers.insert(numbers.end(), starts.begin(), starts.end());
  if (longest <= kPiece) return lists;

  lists.piece_starts = numbers.size();
  std::vector<int32_t> slot_pieces{0};
  for (size_t s = 0; s + 1 < starts.size(); ++s) {
    for (int32_t begin = starts[s]; begin < starts[s + 1]; begin += kPiece) {
      numbers.push_back(begin);
      ++lists.pieces;
    }
    slot_pieces.push_back(static_cast<int32_t>(lists.pieces));
  }
  numbers.push_back(starts.back());
  lists.slot_pieces = numbers.size();
  numbers.insert(numbers.end(), slot_pieces.begin(), slot_pieces.end());
  return lists;
}

}  // namespace

void sum_slots(Workspace& workspace,
               ConstTensor rows,
               std::span<const int32_t> slots,
               Write write,
               Tensor sums) {
  const Lists lists = lists_of(slots, sums.rows);
  const int32_t* numbers = workspace.arrays.on_device<int32_t>(lists.numbers);
  if (lists.pieces == 0) {
    sum_lists(workspace, rows, numbers, numbers + lists.starts, write, sums);
    return;
  }
  const Tensor partials(
      workspace.scratch.of<float>(lists.pieces * sums.columns), lists.pieces, sums.columns);
  sum_lists(workspace, rows, numbers, numbers + lists.piece_starts, Write::overwrite, partials);
  sum_lists(workspace, partials, nullptr, numbers + lists.slot_pieces, write, sums);
}

}  // namespace fastintent::cuda
