#pragma once

#include <cstdint>

#include "compute/tensor.h"

namespace fastintent {

/// A class and its probability.
struct ScoredClass {
  int32_t index = 0;
  float probability = 0;

  bool operator==(const ScoredClass&) const = default;
};

/// The index of a text that has no answer because one of its logits is not finite; its probability
/// is then the first such logit.
constexpr int32_t kNoClass = -1;

/// Where the answers of a batch are written, in host memory.
struct Answers {
  /// [S,N]: the N best classes of each text, best first; ties in the order of the classes.
  TensorView<ScoredClass> best;
  Tensor logits;  ///< [S,C], or empty: not requested

  /// The answers of texts [first, first + count).
  Answers of_texts(int64_t first, int64_t count) const {
    return {best.row_slice(first, count), logits.row_slice(first, count)};
  }
};

}  // namespace fastintent
