// Shared by attention and its backward: the rows of one head of one sequence. Compiled once for
// each instruction set.
#if defined(FASTINTENT_CPU_KERNELS_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FASTINTENT_CPU_KERNELS_ATTENTION_INL_H_
#undef FASTINTENT_CPU_KERNELS_ATTENTION_INL_H_
#else
#define FASTINTENT_CPU_KERNELS_ATTENTION_INL_H_
#endif

#include <span>

#include "compute/tensor.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fastintent::cpu::HWY_NAMESPACE {

struct RowRange {
  int64_t first;
  int64_t count;
};

HWY_INLINE RowRange sequence_rows(std::span<const int32_t> starts, size_t s) {
  return {starts[s], starts[s + 1] - starts[s]};
}

/// The columns of head `head` of `heads` in rows `rows`.
template <class View>
HWY_INLINE View head_rows(const View& tensor, RowRange rows, int64_t head, int64_t heads) {
  const int64_t width = tensor.columns / heads;
  return tensor.row_slice(rows.first, rows.count).column_slice(head * width, width);
}

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
