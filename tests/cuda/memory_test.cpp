#include "cuda/memory.h"

#include <gtest/gtest.h>

#include "base/expect_error.h"
#include "compute/backend_test.h"
#include "cuda/workspace.h"
#include "emulated_device.h"

namespace fastintent::cuda {
namespace {

// Fails once, so that the pool's cache is released, then once more, which is final.
constexpr int kShort = 2;

TEST(MemoryTest, OneFailureIsTriedAgain) {
  emulation::fail_allocations(1);
  EXPECT_EQ(allocate(0, 1000).size(), 1000U);
}

TEST(MemoryTest, TwoFailuresAreAnError) {
  emulation::fail_allocations(kShort);
  expect_error(ErrorCode::out_of_resources,
               "allocate: expected 1000 bytes of free memory on cuda:0, found 1073",
               [] { allocate(0, 1000); });
  EXPECT_EQ(allocate(0, 1000).size(), 1000U);
}

TEST(MemoryTest, ClearsColumnSlices) {
  const auto backend = create_backend(Device::cuda);
  const OnDevice rows(*backend, Matrix(3, 5, 1));
  backend->clear(Tensor(rows).column_slice(1, 2));
  const std::vector<float> row{1, 0, 0, 1, 1};
  const Matrix found = rows.download();
  for (int64_t r = 0; r < 3; ++r) {
    EXPECT_EQ(std::vector<float>(found.row(r), found.row(r) + 5), row);
  }
}

// Wherever memory ran out, the same call succeeds when memory is available again.
class ShortMemoryTest : public testing::Test {
 protected:
  template <class Call>
  void expect_error_then_success(const Call& call) {
    emulation::fail_allocations(kShort);
    expect_error(ErrorCode::out_of_resources, "bytes of free memory on cuda:0", call);
    call();
  }

  std::unique_ptr<Backend> backend_ = create_backend(Device::cuda);
};

TEST_F(ShortMemoryTest, ABuffer) {
  expect_error_then_success([&] { backend_->allocate(10, 10); });
}

TEST_F(ShortMemoryTest, AWeight) {
  const Matrix weight(4, 8, 1);
  const Matrix& rows = weight;
  for (const Precision precision : {Precision::fp32, Precision::fp16}) {
    expect_error_then_success(
        [&] { backend_->prepare_weight(rows.tensor(), precision, WeightUse::inference); });
  }
}

TEST_F(ShortMemoryTest, FactorsOfAProduct) {
  const Matrix ones(4, 8, 1);
  const auto weight =
      backend_->prepare_weight(ones.tensor(), Precision::fp16, WeightUse::inference);
  const OnDevice in(*backend_, Matrix(300, 8, 1));
  const OnDevice out(*backend_, 300, 4);
  expect_error_then_success([&] { backend_->linear(in, *weight, {}, Activation::none, out); });
  for (const float value : out.download().values) {
    EXPECT_EQ(value, 8);
  }
}

TEST_F(ShortMemoryTest, ArraysOfTheHost) {
  const OnDevice hidden(*backend_, Matrix(300, 8, 1));
  const OnDevice out(*backend_, 3, 8);
  const std::vector<int32_t> starts{0, 100, 200, 300};
  expect_error_then_success([&] { backend_->pool(hidden, starts, Pooling::mean, out); });
  for (const float value : out.download().values) {
    EXPECT_EQ(value, 1);
  }
}

}  // namespace
}  // namespace fastintent::cuda
