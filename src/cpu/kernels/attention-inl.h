// Shared by attention and its backward: the rows of one head of one sequence. Compiled once for
// each instruction set.
#if defined(FASTINTENT_CPU_KERNELS_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FASTINTENT_CPU_KERNELS_ATTENTION_INL_H_
#undef FASTINTENT_CPU_KERNELS_ATTENTION_INL_H_
#else
#define FASTINTENT_CPU_KERNELS_ATTENTION_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <span>

#include "compute/operands.h"
#include "cpu/kernels/transpose-inl.h"
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

/// Whether a window leaves out keys of a sequence: the first and the last are keys - 1 apart.
HWY_INLINE bool limits(int64_t window, int64_t keys) {
  return window > 0 && keys > window + 1;
}

/// The keys that some of `count` queries from place `first` of the sequence on see.
HWY_INLINE RowRange seen_keys(RowRange keys, int64_t first, int64_t count, int64_t window) {
  if (!limits(window, keys.count)) {
    return keys;
  }
  const int64_t begin = std::max<int64_t>(0, first - window);
  const int64_t end = std::min(keys.count, first + count + window);
  return {keys.first + begin, end - begin};
}

/// The columns of head `head` of `heads` in rows `rows`.
template <class View>
HWY_INLINE View head_rows(const View& tensor, RowRange rows, int64_t head, int64_t heads) {
  const int64_t width = tensor.columns / heads;
  return tensor.row_slice(rows.first, rows.count).column_slice(head * width, width);
}

HWY_INLINE int64_t longest_sequence(std::span<const int32_t> starts) {
  int64_t longest = 0;
  for (size_t s = 0; s + 1 < starts.size(); ++s) {
    longest = std::max(longest, sequence_rows(starts, s).count);
  }
  return longest;
}

/// Which way a vector's lanes move away: over the queries of one key, or over the keys of one query.
enum class LanesOver { queries, keys };

/// A distance bias, or its gradient, as a line of neighbouring floats for each head: the bias of
/// every distance between two tokens of the longest sequence, in the order of the lanes. A vector
/// may be read past the sequence's end. All lines are in the scratch that begins at `memory`.
class DistanceLines {
 public:
  DistanceLines(FloatTag d, const AttentionOperands& operands, LanesOver lanes, float* memory)
      : bias_(operands.distance_bias),
        heads_(bias_.empty() ? 0 : operands.heads),
        longest_(longest_sequence(operands.spans.key_starts)),
        length_(length_of(d, longest_)),
        direction_(lanes == LanesOver::keys ? 1 : -1),
        root_width_(std::sqrt(static_cast<float>(operands.q.columns / operands.heads))),
        memory_(memory) {}

  /// The floats of a line, and of all of them.
  static int64_t length_of(FloatTag d, int64_t longest) {
    return whole_vectors(d, 2 * longest - 1 + lanes_of(d));
  }
  int64_t floats() const { return heads_ * length_; }
  bool empty() const { return heads_ == 0; }

  /// Sets the lines to the bias of scores that are not scaled yet: scaling divides by the root of
  /// the heads' width.
  void fill() const {
    clear();
    for (int64_t head = 0; head < heads_; ++head) {
      for (int64_t distance = 1 - longest_; distance < longest_; ++distance) {
        line(head)[distance] = root_width_ * bias_.table.row(bucket(distance))[head];
      }
    }
  }
  void clear() const { std::fill_n(memory_, floats(), 0.0F); }

  /// Adds lines of gradients of such scores to the gradient of the table.
  void add_to(const Tensor& d_table) const {
    for (int64_t head = 0; head < heads_; ++head) {
      for (int64_t distance = 1 - longest_; distance < longest_; ++distance) {
        d_table.row(bucket(distance))[head] += root_width_ * line(head)[distance];
      }
    }
  }

  /// The float of distance 0 in a head's line; the lanes follow from the distance on.
  float* line(int64_t head) const { return memory_ + head * length_ + longest_ - 1; }

 private:
  int64_t bucket(int64_t distance) const {
    return bias_.buckets[static_cast<size_t>(bias_.reach() + direction_ * distance)];
  }

  DistanceBias bias_;
  int64_t heads_;
  int64_t longest_;
  int64_t length_;
  int64_t direction_;
  float root_width_;
  float* memory_;
};

}  // namespace fastintent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
