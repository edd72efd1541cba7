#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>

#include "compute/backend.h"
#include "random_tensors.h"

namespace fastintent {

/// A tensor in a backend's memory with given values. Its filler rows hold NaN, which shows in the
/// result when an operation uses them.
class OnDevice {
 public:
  OnDevice(Backend& backend, const Matrix& host)
      : backend_(backend),
        rows_(host.rows),
        columns_(host.columns),
        buffer_(backend.allocate(host.rows, host.columns)) {
    Matrix tiles(round_up_to_tile(rows_), columns_, std::numeric_limits<float>::quiet_NaN());
    std::copy(host.values.begin(), host.values.end(), tiles.values.begin());
    const Matrix& filled = tiles;
    backend_.upload(filled.tensor(), {buffer_.data(), tiles.rows, columns_});
  }
  /// For results: NaN everywhere, so that values an operation did not write show.
  OnDevice(Backend& backend, int64_t rows, int64_t columns)
      : OnDevice(backend, Matrix(rows, columns, std::numeric_limits<float>::quiet_NaN())) {}

  // NOLINTNEXTLINE(google-explicit-constructor): stands for its tensor in calls
  operator Tensor() const { return buffer_.tensor(rows_, columns_); }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator ConstTensor() const { return buffer_.tensor(rows_, columns_); }
  std::span<float> flat() const { return {buffer_.data(), static_cast<size_t>(rows_ * columns_)}; }

  Matrix download() const {
    Matrix host(rows_, columns_);
    backend_.download(buffer_.tensor(rows_, columns_), host.tensor());
    return host;
  }

 private:
  Backend& backend_;
  int64_t rows_;
  int64_t columns_;
  Buffer buffer_;
};

}  // namespace fastintent
