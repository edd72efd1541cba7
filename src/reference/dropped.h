#pragma once

#include <cstdint>

#include "compute/dropout.h"

namespace fastintent::reference {

/// Applies dropout to element `index`.
inline double dropped(double value, const Dropout& dropout, uint32_t index) {
  return dropout_keeps(dropout, index) ? value / (1.0 - static_cast<double>(dropout.rate)) : 0.0;
}

/// Index of element (t, h) of a [T,H] tensor; wraps modulo 2^32.
inline uint32_t element_index(int64_t t, int64_t H, int64_t h) {
  return static_cast<uint32_t>(t * H + h);
}

}  // namespace fastintent::reference
