#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compute/backend.h"
#include "compute/devices_under_test.h"
#include "devices/create_backend.h"
#include "fastintent/error.h"
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

/// One result of an operation and how far it may be from the reference.
struct Result {
  std::string name;
  Matrix values;
  double tolerance = 0;  ///< of |found - expected| / (1 + |expected|)
};

inline void expect_close(const std::string& name,
                         const Matrix& found,
                         const Matrix& expected,
                         double tolerance) {
  ASSERT_EQ(found.values.size(), expected.values.size()) << name;
  for (int64_t r = 0; r < expected.rows; ++r) {
    for (int64_t c = 0; c < expected.columns; ++c) {
      const double want = expected.row(r)[c];
      // Negated, so that NaN fails.
      if (!(std::abs(found.row(r)[c] - want) <= tolerance * (1 + std::abs(want)))) {
        FAIL() << name << " [" << expected.rows << "," << expected.columns << "] at (" << r << ","
               << c << "): expected " << want << ", found " << found.row(r)[c];
      }
    }
  }
}

/// Runs operations on the device under test and on the reference.
class BackendTest : public testing::TestWithParam<Device> {
 protected:
  /// `run(backend)` returns the results of an operation; they must agree.
  template <class Run>
  void expect_agreement(const Run& run) {
    const std::vector<Result> found = run(*device_);
    const std::vector<Result> expected = run(*reference_);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      expect_close(found[i].name, found[i].values, expected[i].values, found[i].tolerance);
    }
  }

  std::unique_ptr<Backend> device_ = create_backend(GetParam());
  std::unique_ptr<Backend> reference_ = create_backend(Device::reference);
};

inline std::string device_label(const testing::TestParamInfo<Device>& device) {
  return device_word(device.param);
}

constexpr Write kWrites[] = {Write::overwrite, Write::accumulate};

/// Around every tile size of the kernels: none, one, and either side of 16 and 256.
constexpr int64_t kRowCounts[] = {0, 1, 2, 15, 16, 17, 100, 257};

}  // namespace fastintent
