#include <gtest/gtest.h>

#include "emulated_device.h"
#include "fastintent/error.h"
#include "model/random_encoder.h"

// An encoder whose device runs out of memory.
namespace fastintent {
namespace {

constexpr Shape kShape = {24, 3, 40, 2};

// Every allocation is tried once more after the pool's cache was given back.
constexpr int kBothTries = 2;

void expect_out_of_resources(Encoder& encoder, const Sequences& sequences) {
  try {
    encoder.run(sequences);
    FAIL() << "ran without memory";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_resources) << error.what();
  }
}

TEST(EncoderMemoryTest, ASmallerBatchRunsAfterOneThatHadNoRoom) {
  const Sequences small = random_sequences({9, 4});
  const Sequences large = random_sequences({60, 70, 50});
  Encoder unharmed(Device::cuda, config_of(kShape, Pooling::first_token), Precision::fp16);
  const Matrix expected_small = unharmed.run(small);
  const Matrix expected_large = unharmed.run(large);

  // Twice, so that there is a graph over the memory that is given up for the larger batch.
  Encoder encoder(Device::cuda, config_of(kShape, Pooling::first_token), Precision::fp16);
  encoder.run(small);
  encoder.run(small);
  // The result's memory, one row for each of as many texts, is there.
  encoder.run(random_sequences({1, 1, 1}));
  cuda::emulation::fail_allocations(kBothTries);
  expect_out_of_resources(encoder, large);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(same_bits(encoder.run(small), expected_small));
    EXPECT_TRUE(same_bits(encoder.run(large), expected_large));
  }
}

TEST(EncoderMemoryTest, AModelIsTakenOverAfterItsBiasesHadNoRoom) {
  const std::shared_ptr<Backend> backend = create_backend(Device::cuda);
  const ModelConfig config = config_of(kShape, Pooling::first_token);
  const Sequences sequences = random_sequences({9, 4});
  Encoder first(backend, config, Precision::fp16, 1);
  Encoder second(backend, config, Precision::fp16, 2);
  const Matrix of_first = first.run(sequences);
  const Matrix of_second = second.run(sequences);
  first.run(sequences);
  cuda::emulation::fail_allocations(kBothTries);
  expect_out_of_resources(second, sequences);
  EXPECT_TRUE(same_bits(first.run(sequences), of_first));
  EXPECT_TRUE(same_bits(second.run(sequences), of_second));
}

}  // namespace
}  // namespace fastintent
