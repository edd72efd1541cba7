#include "cuda/kernels/sums.h"

#include <gtest/gtest.h>

#include <vector>

#include "compute/random_tensors.h"
#include "cuda/runtime.h"

namespace fastintent::cuda {
namespace {

// Sums of up to 2100 values of order one, in f32.
constexpr double kTolerance = 1e-4;

// Columns [first, first + N) of `rows`, and [N] before and after the call.
void check_sum_columns(const Matrix& rows, int64_t first, int64_t N, Write write) {
  Workspace workspace(0);
  Random random;
  std::vector<float> sums = random.matrix(1, N).values;
  std::vector<double> expected(static_cast<size_t>(N));
  for (int64_t c = 0; c < N; ++c) {
    double& sum = expected[static_cast<size_t>(c)];
    if (write == Write::accumulate) {
      sum = static_cast<double>(sums[static_cast<size_t>(c)]);
    }
    for (int64_t r = 0; r < rows.rows; ++r) {
      sum += static_cast<double>(rows.row(r)[first + c]);
    }
  }

  const size_t row_bytes = rows.values.size() * sizeof(float);
  const DeviceMemory rows_there(0, row_bytes);
  const DeviceMemory sums_there(0, sums.size() * sizeof(float));
  if (row_bytes > 0) {
    workspace.stream.upload(rows.values.data(), rows_there.get(), row_bytes);
  }
  workspace.stream.upload(sums.data(), sums_there.get(), sums.size() * sizeof(float));
  const ConstTensor tensor(rows_there.as<float>(), rows.rows, rows.columns);
  sum_columns(
      workspace, tensor.column_slice(first, N), write, {sums_there.as<float>(), sums.size()});
  workspace.stream.download(sums_there.get(), sums.data(), sums.size() * sizeof(float));
  workspace.synchronize();
  for (size_t c = 0; c < sums.size(); ++c) {
    EXPECT_NEAR(sums[c], expected[c], kTolerance)
        << rows.rows << " rows, column " << c << " of " << N << " from " << first;
  }
}

TEST(SumsTest, SumColumns) {
  // No row, one block's stretch and more, stretches of more than four rows a warp.
  for (const int64_t R : {0, 1, 31, 33, 2100}) {
    for (const int64_t N : {1, 15, 128, 132, 260}) {
      Random random(static_cast<uint32_t>(R + N));
      const Matrix rows = random.matrix(R, N + 8);
      for (const Write write : {Write::overwrite, Write::accumulate}) {
        check_sum_columns(rows, 0, N, write);
        check_sum_columns(rows, 3, N, write);
        check_sum_columns(rows, 4, N, write);
      }
    }
  }
}

}  // namespace
}  // namespace fastintent::cuda
