#pragma once

#include <cstdint>

#include "compute/tensor.h"
#include "cpu/element.h"

namespace fastintent::cpu {

/// Rows of activations as the left factor of a product, [T,K] in words.
/// int8: unsigned, x = scale · (value - zero) · scales, zeros [T]
struct Factor {
  Element element = Element::fp32;
  uint32_t* words = nullptr;
  int64_t row_words = 0;  ///< from the start of one row to the next
  float* scales = nullptr;
  float* zeros = nullptr;

  uint32_t* row(int64_t t) const { return words + t * row_words; }
  /// The rows from `first` on.
  Factor from(int64_t first) const {
    Factor rest = *this;
    rest.words = row(first);
    if (element == Element::int8) {
      rest.scales = scales + first;
      rest.zeros = zeros + first;
    }
    return rest;
  }
};

/// Rows of f32 are used as factors unchanged.
inline Factor as_factor(Tensor rows) {
  return {.element = Element::fp32,
          .words = reinterpret_cast<uint32_t*>(rows.data),
          .row_words = rows.stride};
}

}  // namespace fastintent::cpu
