#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "model/random_encoder.h"

// The whole encoder on a GPU: against the operations one by one on the reference; the same bits in
// any batch (law 2), and whether a batch runs directly, is captured as a graph, or replays one.
namespace fastintent {
namespace {

constexpr Precision kPrecisions[] = {
    Precision::fp32, Precision::tf32, Precision::fp16, Precision::bf16};

// Heads of 8, 24, 32 and 68 columns; a whole tile of columns between the products, and others.
constexpr Shape kShapes[] = {{40, 5, 44, 1}, {72, 3, 100, 2}, {64, 2, 128, 3}, {136, 2, 68, 2}};
constexpr Shape kSmall = {24, 3, 40, 2};

// 1 token, whole buckets and others, sequences of several tiles of queries.
std::vector<Sequences> batches() {
  return {random_sequences({1}),
          random_sequences({5, 1, 1}),
          random_sequences({48}),
          random_sequences({30, 19}),
          random_sequences({1, 70, 3, 12, 1, 25, 9, 33})};
}

std::vector<Matrix> each_alone(Encoder& encoder, const Sequences& sequences) {
  std::vector<Matrix> results;
  for (const auto& sequence : sequences) results.push_back(encoder.run({sequence}));
  return results;
}

class CudaEncoderTest : public testing::TestWithParam<std::tuple<Precision, Pooling>> {
 protected:
  Precision precision() const { return std::get<0>(GetParam()); }
  Pooling pooling() const { return std::get<1>(GetParam()); }
  ModelConfig config(const Shape& shape) const { return config_of(shape, pooling()); }

  // How far a value may be from the reference in f32; values are up to 5. f32: some units in the
  // last place for each of up to twelve products. fp16 rounds to steps of 2^-11 of a value, and so
  // do factors in tf32; bf16 to 2^-8, eight times as much. A layer rounds some eight times, and
  // each step of a value near 4 (0.002 in fp16) reaches a result scaled by up to 1.5: a few of them
  // add up, seldom with one sign. GELU's tanh form is off by 0.0005 at most, far less in a result.
  double tolerance() const {
    switch (precision()) {
      case Precision::fp32:
        return 1e-5;
      case Precision::bf16:
        return 0.08;
      default:
        return 0.01;
    }
  }

  void expect_same_bits_together(Encoder& encoder,
                                 const Sequences& sequences,
                                 const std::vector<Matrix>& alone) const {
    const Matrix together = encoder.run(sequences);
    int64_t row = 0;
    for (size_t i = 0; i < sequences.size(); ++i) {
      ASSERT_TRUE(same_bits(together.slice(row, alone[i].rows), alone[i]))
          << "text of " << sequences[i].size() << " tokens among " << sequences.size();
      row += alone[i].rows;
    }
  }
};

TEST_P(CudaEncoderTest, AgreesWithTheOperationsOneByOne) {
  for (const Shape& shape : kShapes) {
    Encoder device(Device::cuda, config(shape), precision());
    Encoder reference(Device::reference, config(shape), Precision::fp32);
    for (const Sequences& sequences : batches()) {
      const Matrix found = device.run(sequences);
      const Matrix expected = reference.run(sequences);
      ASSERT_EQ(found.values.size(), expected.values.size());
      for (int64_t r = 0; r < expected.rows; ++r) {
        ASSERT_LE(largest_difference_of_row(found, expected, r), tolerance())
            << "width " << shape.hidden << ", row " << r << " of " << expected.rows;
      }
    }
  }
}

TEST_P(CudaEncoderTest, GivesATextTheSameBitsInAnyBatch) {
  Encoder encoder(Device::cuda, config(kSmall), precision());
  const Sequences all = batches().back();
  const std::vector<Matrix> alone = each_alone(encoder, all);
  std::vector<size_t> order(all.size());
  std::iota(order.begin(), order.end(), size_t{0});
  for (int rotation = 0; rotation < 3; ++rotation) {
    std::rotate(order.begin(), order.begin() + 3, order.end());
    for (size_t count = 1; count <= order.size(); ++count) {
      Sequences some;
      std::vector<Matrix> expected;
      for (size_t i = 0; i < count; ++i) {
        some.push_back(all[order[i]]);
        expected.push_back(alone[order[i]]);
      }
      expect_same_bits_together(encoder, some, expected);
    }
  }
}

// The first of a bucket runs directly, the second is captured, the third and fourth replay; each
// time with two other texts of 17 to 32 tokens, so that a graph that kept an old batch shows.
TEST_P(CudaEncoderTest, GivesTheSameBitsDirectlyAndFromAGraph) {
  const Sequences texts = random_sequences({9, 12, 14, 7, 12, 13, 8, 11});
  Encoder encoder(Device::cuda, config(kSmall), precision());
  std::vector<Matrix> direct;
  for (const auto& text : texts) {
    Encoder fresh(Device::cuda, config(kSmall), precision());
    direct.push_back(fresh.run({text}));
  }
  for (size_t i = 0; i + 1 < texts.size(); i += 2) {
    expect_same_bits_together(encoder, {texts[i], texts[i + 1]}, {direct[i], direct[i + 1]});
  }
}

// What a larger batch leaves behind, in memory and in graphs, is not seen.
TEST_P(CudaEncoderTest, GivesTheSameBitsBeforeAndAfterALargerBatch) {
  const Sequences small = random_sequences({7, 2});
  const Sequences large = batches().back();
  Encoder encoder(Device::cuda, config(kSmall), precision());
  const Matrix expected = encoder.run(small);
  // Captured over the memory that the larger batch then replaces.
  EXPECT_TRUE(same_bits(encoder.run(small), expected));
  const Matrix expected_large = encoder.run(large);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(same_bits(encoder.run(small), expected));
    EXPECT_TRUE(same_bits(encoder.run(large), expected_large));
  }
}

INSTANTIATE_TEST_SUITE_P(AllPrecisions,
                         CudaEncoderTest,
                         testing::Combine(testing::ValuesIn(kPrecisions),
                                          testing::Values(Pooling::first_token, Pooling::mean)),
                         [](const auto& test) {
                           const bool mean = std::get<1>(test.param) == Pooling::mean;
                           return std::string(precision_name(std::get<0>(test.param))) +
                                  (mean ? "_mean" : "_first_token");
                         });

// The host packs the next batches while the device has yet to read the first.
TEST(CudaEncoderQueueTest, BatchesFollowEachOtherWithoutWaiting) {
  const std::shared_ptr<Backend> backend = create_backend(Device::cuda);
  Encoder encoder(backend, config_of(kSmall, Pooling::mean), Precision::fp16);
  std::vector<Matrix> expected;
  std::vector<PackedBatch> queued;
  for (const int64_t length : {3, 16, 7, 11, 5, 40, 2, 13}) {
    const Sequences sequences = random_sequences({length, length % 4 + 1});
    expected.push_back(encoder.run(sequences));
    queued.push_back(pack(sequences));
  }
  std::vector<Buffer> results;
  for (const PackedBatch& batch : queued) {
    const Buffer& result = results.emplace_back(backend->allocate(batch.tokens(), kSmall.hidden));
    backend->encode({batch.ids, {}, batch.positions},
                    batch.starts,
                    encoder.prepared(),
                    nullptr,
                    result.tensor(batch.tokens(), kSmall.hidden));
  }
  for (size_t i = 0; i < queued.size(); ++i) {
    Matrix found(queued[i].tokens(), kSmall.hidden);
    backend->download(results[i].tensor(found.rows, found.columns), found.tensor());
    EXPECT_TRUE(same_bits(found, expected[i])) << i;
  }
}

// Models that follow each other get each other's memory, and with it the addresses in graphs.
TEST(CudaEncoderQueueTest, OneBackendServesOneModelAfterTheOther) {
  const std::shared_ptr<Backend> shared = create_backend(Device::cuda);
  const ModelConfig config = config_of(kSmall, Pooling::first_token);
  const Sequences sequences = random_sequences({6, 10});
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    Encoder alone(create_backend(Device::cuda), config, Precision::fp16, seed);
    const Matrix expected = alone.run(sequences);
    Encoder encoder(shared, config, Precision::fp16, seed);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(same_bits(encoder.run(sequences), expected)) << seed;
  }
  Encoder one(shared, config, Precision::fp16, 1);
  Encoder other(shared, config, Precision::bf16, 2);
  const Matrix of_one = one.run(sequences);
  const Matrix of_other = other.run(sequences);
  EXPECT_FALSE(same_bits(of_one, of_other));
  EXPECT_TRUE(same_bits(one.run(sequences), of_one));
  EXPECT_TRUE(same_bits(other.run(sequences), of_other));
}

TEST(CudaEncoderSizesTest, RunsTheLongestTextAndMoreTokensThanABatchHas) {
  ModelConfig config = config_of({8, 1, 8, 1}, Pooling::mean);
  config.encoder.positions = 512;
  const std::shared_ptr<Backend> backend = create_backend(Device::cuda);
  Encoder encoder(backend, config, Precision::fp16);
  Encoder reference(Device::reference, config, Precision::fp32);
  const Sequences longest = random_sequences({512});
  const Matrix alone = encoder.run(longest);
  const Matrix expected = reference.run(longest);
  for (int64_t r = 0; r < expected.rows; ++r)
    ASSERT_LE(largest_difference_of_row(alone, expected, r), 0.01) << r;

  Sequences many = longest;
  int64_t tokens = 512;
  while (tokens <= backend->work_sizes().forward_tokens) {
    many.push_back(longest.front());
    many.back().resize(many.size() % 300 + 1);
    tokens += static_cast<int64_t>(many.back().size());
  }
  EXPECT_TRUE(same_bits(encoder.run(many).slice(0, 512), alone));
}

}  // namespace
}  // namespace fastintent
