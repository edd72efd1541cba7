#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "compute/backend.h"
#include "compute/devices_under_test.h"
#include "devices/create_backend.h"
#include "fastintent/error.h"
#include "on_device.h"
#include "random_tensors.h"

namespace fastintent {

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
