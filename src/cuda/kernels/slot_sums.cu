#include <algorithm>
#include <vector>

#include "cuda/kernels/row_access.cuh"
#include "cuda/kernels/slot_sums.h"

namespace fastintent::cuda {
namespace {

constexpr int kWarps = kRowBlock / kWarp;

// Four values of one row per lane.
template <bool vectors>
using Strip = RowShape<1, kWarp, vectors>;
constexpr int kStripColumns = Strip<true>::kColumns;

// A warp adds rows one after the other, so the kernel waits for the longest list: lists of more
// rows than this are first summed in pieces. Few words reach this length, segments always do.
constexpr int32_t kPiece = 64;

// Indices [begin, end).
struct Stretch {
  int32_t begin;
  int32_t end;
};

// The columns of a row that a warp sums.
struct StripPlace {
  int64_t row;
  int64_t first_column;
  int64_t columns;  // from the first to the end of the row
  int lane;
};

__device__ StripPlace strip_of_warp(int64_t columns) {
  const int64_t strips = divide_up(columns, kStripColumns);
  const int64_t warp = int64_t{blockIdx.x} * kWarps + threadIdx.x / kWarp;
  const int64_t first_column = warp % strips * kStripColumns;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  return {warp / strips, first_column, columns - first_column, lane};
}

Launch warp_for_each_strip(ConstTensor sums) {
  return {divide_up(sums.rows * divide_up(sums.columns, kStripColumns), kWarps), kRowBlock};
}

// Returns the sum of rows[order[i]] over a stretch; without an order, of rows[i].
template <bool vectors>
__device__ RowPart<Strip<vectors>> sum_of(const ConstTensor& rows,
                                          const int32_t* order,
                                          const Stretch& stretch,
                                          const StripPlace& at) {
  using Shape = Strip<vectors>;
  RowPart<Shape> sum;
  for (int32_t i = stretch.begin; i < stretch.end; ++i) {
    const int64_t t = order == nullptr ? i : order[i];
    const auto part = load_part<Shape>(rows.row(t) + at.first_column, at.columns, at.lane);
    for (int v = 0; v < Shape::kValues; ++v) {
      sum[v] += part[v];
    }
  }
  return sum;
}

// One warp for each strip of each piece. Empty pieces are zero.
template <bool vectors>
__global__ void sum_pieces_kernel(ConstTensor rows,
                                  const int32_t* order,
                                  const Stretch* pieces,
                                  Tensor partials) {
  const StripPlace at = strip_of_warp(partials.columns);
  if (at.row >= partials.rows) {
    return;
  }
  const auto sum = sum_of<vectors>(rows, order, pieces[at.row], at);
  store_part(sum, partials.row(at.row) + at.first_column, at.columns, at.lane);
}

// One warp for each strip of each slot, which adds the sums of the slot's pieces if it has any,
// otherwise its rows.
template <bool vectors>
__global__ void sum_slots_kernel(ConstTensor rows,
                                 const int32_t* order,
                                 const Stretch* slots,
                                 ConstTensor partials,
                                 const Stretch* slot_pieces,
                                 Write write,
                                 Tensor sums) {
  using Shape = Strip<vectors>;
  const StripPlace at = strip_of_warp(sums.columns);
  if (at.row >= sums.rows) {
    return;
  }
  const Stretch pieces = slot_pieces == nullptr ? Stretch{0, 0} : slot_pieces[at.row];
  auto sum = pieces.begin < pieces.end ? sum_of<vectors>(partials, nullptr, pieces, at)
                                       : sum_of<vectors>(rows, order, slots[at.row], at);
  float* out = sums.row(at.row) + at.first_column;
  if (write == Write::accumulate) {
    const auto before = load_part<Shape>(out, at.columns, at.lane);
    for (int v = 0; v < Shape::kValues; ++v) {
      sum[v] += before[v];
    }
  }
  store_part(sum, out, at.columns, at.lane);
}

// The work lists of a sum. All sizes depend on the numbers of rows and slots alone.
struct Lists {
  std::vector<int32_t> order;        // [T] every t, by slot, then by t
  std::vector<Stretch> slots;        // [slots] of the order
  std::vector<Stretch> pieces;       // of the order; none if no list can be long
  std::vector<Stretch> slot_pieces;  // [slots] of the pieces; empty for a short list
};

Lists lists_of(std::span<const int32_t> slots, int64_t slot_count) {
  Lists lists;
  std::vector<int32_t> next(static_cast<size_t>(slot_count) + 1);
  for (const int32_t slot : slots) {
    ++next[static_cast<size_t>(slot) + 1];
  }
  for (size_t s = 0; s + 1 < next.size(); ++s) {
    next[s + 1] += next[s];
    lists.slots.push_back({next[s], next[s + 1]});
  }
  lists.order.resize(slots.size());
  for (size_t t = 0; t < slots.size(); ++t) {
    int32_t& place = next[static_cast<size_t>(slots[t])];
    lists.order[static_cast<size_t>(place++)] = static_cast<int32_t>(t);
  }
  if (slots.size() <= kPiece) {
    return lists;
  }

  for (const Stretch& slot : lists.slots) {
    const auto first = static_cast<int32_t>(lists.pieces.size());
    if (slot.end - slot.begin > kPiece) {
      for (int32_t begin = slot.begin; begin < slot.end; begin += kPiece) {
        lists.pieces.push_back({begin, std::min(begin + kPiece, slot.end)});
      }
    }
    lists.slot_pieces.push_back({first, static_cast<int32_t>(lists.pieces.size())});
  }
  // A list of n > kPiece rows has at most 2 n / kPiece pieces.
  lists.pieces.resize(2 * slots.size() / kPiece);
  return lists;
}

template <bool vectors>
void sum_lists(
    Workspace& workspace, ConstTensor rows, const Lists& lists, Write write, Tensor sums) {
  HostArrays& arrays = workspace.arrays;
  const auto* order = arrays.on_device<int32_t>(lists.order);
  Tensor partials;
  if (!lists.pieces.empty()) {
    const auto pieces = static_cast<int64_t>(lists.pieces.size());
    partials = Tensor(workspace.scratch.of<float>(pieces * sums.columns), pieces, sums.columns);
    launch(workspace.stream,
           sum_pieces_kernel<vectors>,
           warp_for_each_strip(partials),
           rows,
           order,
           arrays.on_device<Stretch>(lists.pieces),
           partials);
  }
  launch(workspace.stream,
         sum_slots_kernel<vectors>,
         warp_for_each_strip(sums),
         rows,
         order,
         arrays.on_device<Stretch>(lists.slots),
         partials,
         arrays.on_device<Stretch>(lists.slot_pieces),
         write,
         sums);
}

}  // namespace

void sum_slots(Workspace& workspace,
               ConstTensor rows,
               std::span<const int32_t> slots,
               Write write,
               Tensor sums) {
  const Lists lists = lists_of(slots, sums.rows);
  if (are_aligned({rows, sums})) {
    sum_lists<true>(workspace, rows, lists, write, sums);
  } else {
    sum_lists<false>(workspace, rows, lists, write, sums);
  }
}

}  // namespace fastintent::cuda
