#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compute/backend.h"

namespace fastintent::reference {

/// A [rows, columns] matrix of sums in double, zero at first, stored as floats when it is complete.
class Sums {
 public:
  Sums(int64_t rows, int64_t columns)
      : columns_(columns), values_(static_cast<size_t>(rows * columns)) {}

  double* row(int64_t index) { return values_.data() + index * columns_; }

  /// Adds the sums to what `out` holds, or replaces it.
  void store(Tensor out, Write write) {
    for (int64_t r = 0; r < out.rows; ++r) {
      for (int64_t c = 0; c < columns_; ++c) {
        const double before = write == Write::accumulate ? out.row(r)[c] : 0.0;
        out.row(r)[c] = static_cast<float>(before + row(r)[c]);
      }
    }
  }
  void store(std::span<float> out, Write write) { store({out.data(), 1, columns_}, write); }

 private:
  int64_t columns_;
  std::vector<double> values_;
};

}  // namespace fastintent::reference
