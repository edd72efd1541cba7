#include <cmath>

#include "backend_test.h"

namespace fastintent {
namespace {

// Sines of f32 angles, and two products of values of order one.
constexpr double kTolerance = 2e-6;

std::vector<float> frequencies_of(int64_t half) {
  std::vector<float> frequencies;
  for (int64_t i = 0; i < half; ++i) {
    frequencies.push_back(std::pow(10000.0F, -static_cast<float>(i) / static_cast<float>(half)));
  }
  return frequencies;
}

class RotateTest : public BackendTest {};

TEST_P(RotateTest, AgreesWithReference) {
  for (const int64_t T : kRowCounts) {
    for (const int64_t half : {1, 3, 8, 15, 32}) {
      for (const Rotation direction : {Rotation::forward, Rotation::backward}) {
        Random random(static_cast<uint32_t>(T + half));
        const Matrix rows = random.matrix(T, 3 * 2 * half);
        const std::vector<int32_t> positions = random.integers(T, 512);
        const std::vector<float> frequencies = frequencies_of(half);
        expect_agreement([&](Backend& backend) {
          const OnDevice there(backend, rows);
          backend.rotate(there, positions, frequencies, direction);
          return std::vector<Result>{{"rows", there.download(), kTolerance}};
        });
      }
    }
  }
}

// The positions of the longest text of any encoder, and a slice of wider rows, whose rest stays.
TEST_P(RotateTest, TakesLatePositionsAndColumnSlices) {
  Random random;
  const Matrix rows = random.matrix(5, 40);
  const std::vector<int32_t> positions{0, 1, 4000, 8190, 8191};
  expect_agreement([&](Backend& backend) {
    const OnDevice there(backend, rows);
    backend.rotate(
        Tensor(there).column_slice(3, 32), positions, frequencies_of(8), Rotation::forward);
    return std::vector<Result>{{"rows", there.download(), kTolerance}};
  });
}

TEST_P(RotateTest, BackwardUndoesForward) {
  Random random;
  const Matrix rows = random.matrix(9, 32);
  const std::vector<int32_t> positions = random.integers(9, 100);
  const OnDevice there(*device_, rows);
  device_->rotate(there, positions, frequencies_of(8), Rotation::forward);
  EXPECT_NE(there.download().values, rows.values);
  device_->rotate(there, positions, frequencies_of(8), Rotation::backward);
  expect_close("rows", there.download(), rows, kTolerance);
}

INSTANTIATE_TEST_SUITE_P(Devices,
                         RotateTest,
                         testing::ValuesIn(devices_under_test()),
                         device_label);

}  // namespace
}  // namespace fastintent
