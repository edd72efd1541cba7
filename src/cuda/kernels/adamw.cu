#include <algorithm>
#include <cstring>

#include "cuda/kernels/adamw.h"
#include "cuda/kernels/adamw_parameter.cuh"
#include "cuda/kernels/row_access.cuh"

namespace fastintent::cuda {
namespace {

// A step is bound by memory: 28 bytes per parameter, 30 with a copy in 16 bits. A block updates
// 8192 parameters of one tensor, so that the search for the tensor is short compared to the update,
// and small tensors still have one block each.
constexpr int kPasses = 8;
template <bool vectors>
using Pass = RowShape<1, kRowBlock, vectors>;
constexpr int64_t kChunk = int64_t{kPasses} * Pass<true>::kColumns;

// One tensor as the kernel sees it. Nothing here changes from step to step, so the table is
// uploaded once; the rates, of which few differ, are in another table.
struct Entry {
  float* parameters;
  float* first_moment;
  float* second_moment;
  const float* gradient;
  void* stored;
  int64_t count;
  int64_t first_chunk;  // the tensor's first chunk among all chunks
  int32_t rates;
  Factors factors;
  int64_t vectors;  // 0 or 1; 8 bytes wide, so that the table has no undefined padding
};

template <class Shape>
__device__ void step_chunk(const Entry& entry, const AdamwRates& rates, int64_t begin) {
  const int thread = static_cast<int>(threadIdx.x);
  for (int pass = 0; pass < kPasses; ++pass) {
    const int64_t first = begin + pass * Shape::kColumns;
    const int64_t left = entry.count - first;
    if (left <= 0) {
      return;
    }
    auto parameters = load_part<Shape>(entry.parameters + first, left, thread);
    auto m = load_part<Shape>(entry.first_moment + first, left, thread);
    auto v = load_part<Shape>(entry.second_moment + first, left, thread);
    const auto gradient = load_part<Shape>(entry.gradient + first, left, thread);
    for (int i = 0; i < Shape::kValues; ++i) {
      step_parameter(rates, gradient[i], parameters[i], m[i], v[i]);
    }
    store_part(parameters, entry.parameters + first, left, thread);
    store_part(m, entry.first_moment + first, left, thread);
    store_part(v, entry.second_moment + first, left, thread);
    if (entry.stored == nullptr) {
      continue;
    }
    if (entry.factors == Factors::fp16) {
      store_part(parameters, static_cast<Half*>(entry.stored) + first, left, thread);
    } else {
      store_part(parameters, static_cast<Bfloat16*>(entry.stored) + first, left, thread);
    }
  }
}

__global__ void adamw_kernel(const Entry* entries, int entry_count, const AdamwRates* all_rates) {
  // The last entry whose first chunk is not after this block's.
  int found = 0;
  int after = entry_count;
  while (after - found > 1) {
    const int middle = (found + after) / 2;
    if (entries[middle].first_chunk <= blockIdx.x) {
      found = middle;
    } else {
      after = middle;
    }
  }
  const Entry entry = entries[found];
  const AdamwRates rates = all_rates[entry.rates];
  const int64_t begin = (blockIdx.x - entry.first_chunk) * kChunk;
  if (entry.vectors != 0) {
    step_chunk<Pass<true>>(entry, rates, begin);
  } else {
    step_chunk<Pass<false>>(entry, rates, begin);
  }
}

bool all_aligned(const AdamwTensor& tensor) {
  return tensor.gradient.size() % 4 == 0 && is_aligned(tensor.state.parameters.data()) &&
         is_aligned(tensor.state.first_moment.data()) &&
         is_aligned(tensor.state.second_moment.data()) && is_aligned(tensor.gradient.data()) &&
         is_aligned(static_cast<const uint16_t*>(tensor.stored));
}

// Returns the index of `rates` in `table`, appending them if they are new.
int32_t index_of(const AdamwRates& rates, std::vector<AdamwRates>& table) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const AdamwRates& other) {
    return std::memcmp(&other, &rates, sizeof(rates)) == 0;
  });
  const auto index = static_cast<int32_t>(found - table.begin());
  if (found == table.end()) {
    table.push_back(rates);
  }
  return index;
}

}  // namespace

void adamw_step(Workspace& workspace, std::span<const AdamwTensor> tensors) {
  std::vector<Entry> entries;
  std::vector<AdamwRates> rates;
  int64_t chunks = 0;
  for (const AdamwTensor& tensor : tensors) {
    const auto count = static_cast<int64_t>(tensor.gradient.size());
    if (count == 0) {
      continue;
    }
    entries.push_back({tensor.state.parameters.data(),
                       tensor.state.first_moment.data(),
                       tensor.state.second_moment.data(),
                       tensor.gradient.data(),
                       tensor.stored,
                       count,
                       chunks,
                       index_of(tensor.rates, rates),
                       tensor.factors,
                       all_aligned(tensor) ? 1 : 0});
    chunks += divide_up(count, kChunk);
  }
  if (entries.empty()) {
    return;
  }
  launch(workspace.stream,
         adamw_kernel,
         Launch{chunks, kRowBlock},
         workspace.arrays.on_device<Entry>(entries),
         static_cast<int>(entries.size()),
         workspace.arrays.on_device<AdamwRates>(rates));
}

}  // namespace fastintent::cuda
