#include "cuda/collective.h"

#include <gtest/gtest.h>

#include <vector>

#include "cuda/runtime.h"
#include "fastintent/error.h"

namespace fastintent::cuda {
namespace {

// A group of one, which needs no second GPU: its sums are its own values.
TEST(Collective, OfOneProcessSumsItself) {
  try {
    require_collective();
  } catch (const Error& missing) {
    GTEST_SKIP() << "no tests on cuda: " << missing.what();
  }
  const Stream stream(0);
  const Collective alone(0, create_group_id(), 0, 1);
  const std::vector<float> values = {1.5F, -2.0F, 1e-30F};
  DeviceMemory memory(0, values.size() * sizeof(float));
  DeviceMemory number(0, sizeof(double));
  const double third = 1.0 / 3.0;
  stream.upload(values.data(), memory.get(), values.size() * sizeof(float));
  stream.upload(&third, number.get(), sizeof third);
  alone.sum(stream, std::span(memory.as<float>(), values.size()));
  alone.sum(stream, std::span(number.as<double>(), 1));
  alone.wait(stream);
  std::vector<float> sums(values.size());
  double sum = 0;
  stream.download(memory.get(), sums.data(), values.size() * sizeof(float));
  stream.download(number.get(), &sum, sizeof sum);
  stream.synchronize();
  EXPECT_EQ(sums, values);
  EXPECT_EQ(sum, third);
}

}  // namespace
}  // namespace fastintent::cuda
