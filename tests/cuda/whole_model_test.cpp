#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "answering_model.h"
#include "base/expect_error.h"
#include "model/rank_classes.h"

// From tokens to answers on a GPU: compared with the operations one by one on the reference and the
// ranking of the processor's workers; the same bits in any batch (law 2), and whether a batch runs
// directly, is captured as a graph, or replays one.
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

constexpr HeadKind kHeads[] = {HeadKind::pooler, HeadKind::cls, HeadKind::mean};

std::string head_word(HeadKind head) {
  if (head == HeadKind::pooler) {
    return "pooler";
  }
  return head == HeadKind::cls ? "cls" : "mean";
}

std::vector<Found> each_alone(AnsweringModel& model, const Sequences& sequences) {
  std::vector<Found> results;
  for (const auto& sequence : sequences) {
    results.push_back(model.run({sequence}));
  }
  return results;
}

class WholeModelTest : public testing::TestWithParam<std::tuple<Precision, HeadKind>> {
 protected:
  Precision precision() const { return std::get<0>(GetParam()); }
  HeadKind head() const { return std::get<1>(GetParam()); }
  ModelConfig config(const Shape& shape) const { return config_of(shape, head()); }
  // The dense layer's activations of the families; the other heads have none.
  std::vector<Activation> activations() const {
    if (head() != HeadKind::pooler) {
      return {Activation::none};
    }
    return {Activation::tanh, Activation::relu};
  }

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

  void expect_same_bits_together(AnsweringModel& model,
                                 const Sequences& sequences,
                                 const std::vector<Found>& alone) const {
    const Found together = model.run(sequences);
    for (size_t i = 0; i < sequences.size(); ++i) {
      ASSERT_TRUE(same_bits(together.of(static_cast<int64_t>(i)), alone[i]))
          << "text of " << sequences[i].size() << " tokens among " << sequences.size();
    }
  }

  // Expects logits near the reference's, and the answers that follow from the logits.
  void expect_answers_of_the_reference(const Found& found, const Found& expected) const {
    for (int64_t s = 0; s < expected.logits.rows; ++s) {
      ASSERT_LE(largest_difference_of_row(found.logits, expected.logits, s), tolerance())
          << "text " << s << " of " << expected.logits.rows;
      std::vector<ScoredClass> ranked(static_cast<size_t>(found.best_of_each));
      rank_classes(
          {found.logits.row(s), static_cast<size_t>(found.logits.columns)}, kTemperature, ranked);
      const Found one = found.of(s);
      for (size_t i = 0; i < ranked.size(); ++i) {
        ASSERT_EQ(one.best[i].index, ranked[i].index);
        ASSERT_NEAR(one.best[i].probability, ranked[i].probability, 1e-6);
      }
    }
  }

  static constexpr double kTemperature = 0.7;
};

TEST_P(WholeModelTest, AgreesWithTheOperationsOneByOne) {
  for (const Shape& shape : kShapes) {
    for (const Activation activation : activations()) {
      ModelConfig of = config(shape);
      of.encoder.own_head.dense_activation = activation;
      AnsweringModel device(Device::cuda, of, precision());
      AnsweringModel reference(Device::reference, of, Precision::fp32);
      for (const Sequences& sequences : batches()) {
        expect_answers_of_the_reference(device.run(sequences, 6, kTemperature),
                                        reference.run(sequences, 6, kTemperature));
      }
    }
  }
}

TEST_P(WholeModelTest, GivesATextTheSameBitsInAnyBatch) {
  AnsweringModel model(Device::cuda, config(kSmall), precision());
  const Sequences all = batches().back();
  const std::vector<Found> alone = each_alone(model, all);
  std::vector<size_t> order(all.size());
  std::iota(order.begin(), order.end(), size_t{0});
  for (int rotation = 0; rotation < 3; ++rotation) {
    std::rotate(order.begin(), order.begin() + 3, order.end());
    for (size_t count = 1; count <= order.size(); ++count) {
      Sequences some;
      std::vector<Found> expected;
      for (size_t i = 0; i < count; ++i) {
        some.push_back(all[order[i]]);
        expected.push_back(alone[order[i]]);
      }
      expect_same_bits_together(model, some, expected);
    }
  }
}

// The first of a bucket runs directly, the second is captured, the third and fourth replay; each
// time with two other texts of 17 to 32 tokens, so that a graph that kept an old batch shows.
TEST_P(WholeModelTest, GivesTheSameBitsDirectlyAndFromAGraph) {
  const Sequences texts = random_sequences({9, 12, 14, 7, 12, 13, 8, 11});
  AnsweringModel model(Device::cuda, config(kSmall), precision());
  std::vector<Found> direct;
  for (const auto& text : texts) {
    AnsweringModel fresh(Device::cuda, config(kSmall), precision());
    direct.push_back(fresh.run({text}));
  }
  for (size_t i = 0; i + 1 < texts.size(); i += 2) {
    expect_same_bits_together(model, {texts[i], texts[i + 1]}, {direct[i], direct[i + 1]});
  }
}

// Data that a larger batch leaves in memory and in graphs has no effect.
TEST_P(WholeModelTest, GivesTheSameBitsBeforeAndAfterALargerBatch) {
  const Sequences small = random_sequences({7, 2});
  const Sequences large = batches().back();
  AnsweringModel model(Device::cuda, config(kSmall), precision());
  const Found expected = model.run(small);
  // Captured over the memory that the larger batch then replaces.
  EXPECT_TRUE(same_bits(model.run(small), expected));
  const Found expected_large = model.run(large);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(same_bits(model.run(small), expected));
    EXPECT_TRUE(same_bits(model.run(large), expected_large));
  }
}

// A graph depends neither on the number of classes requested nor on the temperature.
TEST_P(WholeModelTest, TellsAsManyClassesAsAreAskedFor) {
  const Sequences sequences = random_sequences({9, 4, 12});
  AnsweringModel model(Device::cuda, config(kSmall), precision());
  for (const auto& [best, temperature] :
       {std::pair{1, 1.0}, {6, 1.0}, {75, 0.5}, {2, 1e-60}, {6, 1e300}, {6, 2.0}}) {
    const Found found = model.run(sequences, best, temperature);
    for (int64_t s = 0; s < found.logits.rows; ++s) {
      std::vector<ScoredClass> ranked(static_cast<size_t>(best));
      rank_classes(
          {found.logits.row(s), static_cast<size_t>(found.logits.columns)}, temperature, ranked);
      const Found one = found.of(s);
      for (size_t i = 0; i < ranked.size(); ++i) {
        ASSERT_EQ(one.best[i].index, ranked[i].index) << best << " classes, rank " << i;
        ASSERT_NEAR(one.best[i].probability, ranked[i].probability, 1e-6)
            << best << " classes, rank " << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllPrecisions,
                         WholeModelTest,
                         testing::Combine(testing::ValuesIn(kPrecisions),
                                          testing::ValuesIn(kHeads)),
                         [](const auto& test) {
                           return std::string(precision_name(std::get<0>(test.param))) + "_" +
                                  head_word(std::get<1>(test.param));
                         });

// No model folder has such a head; the interface allows it.
TEST(WholeModelHeadsTest, MeansGoThroughADenseLayerToo) {
  const ModelConfig config = config_of(kSmall, HeadKind::mean);
  const Matrix dense = Random().matrix(kSmall.hidden, kSmall.hidden, 0.3);
  const Matrix bias = Random(2).matrix(1, kSmall.hidden);
  const Sequences sequences = batches().back();
  const auto run = [&](Device device, Precision precision) {
    AnsweringModel model(device, config, precision);
    Backend& backend = model.backend();
    const Buffer there = backend.allocate(1, kSmall.hidden);
    backend.upload(bias.tensor(), there.tensor(1, kSmall.hidden));
    model.prepared().head.dense = {
        backend.prepare_weight(dense.tensor(), precision, WeightUse::inference),
        there.tensor(1, kSmall.hidden).flat()};
    model.prepared().head.dense_activation = Activation::gelu;
    return model.run(sequences).logits;
  };
  const Matrix expected = run(Device::reference, Precision::fp32);
  for (const auto& [precision, tolerance] :
       {std::pair{Precision::fp32, 1e-5}, {Precision::fp16, 0.01}}) {
    const Matrix found = run(Device::cuda, precision);
    for (int64_t s = 0; s < expected.rows; ++s) {
      EXPECT_LE(largest_difference_of_row(found, expected, s), tolerance) << s;
    }
  }
}

// For a row with overflowing logits only the overflow is reported; other rows are not affected.
TEST(WholeModelHeadsTest, TellsOfEachTextWhetherItsLogitsAreFinite) {
  const ModelConfig config = config_of(kSmall, HeadKind::cls);
  AnsweringModel healthy(Device::cuda, config, Precision::fp16);
  AnsweringModel broken(Device::cuda, config, Precision::fp16);
  Backend& backend = broken.backend();
  constexpr int32_t kBroken = 7;
  const Matrix nan(1, kSmall.hidden, std::numeric_limits<float>::quiet_NaN());
  const ConstTensor table = broken.prepared().encoder.tables.word;
  const Tensor row(const_cast<float*>(table.row(kBroken)), 1, kSmall.hidden);
  backend.upload(nan.tensor(), row);
  const Sequences sequences = {{1, 2, 3}, {4, kBroken}, {5, 6}};
  const Found expected = healthy.run(sequences);
  for (int i = 0; i < 3; ++i) {
    const Found found = broken.run(sequences);
    EXPECT_TRUE(same_bits(found.of(0), expected.of(0)));
    EXPECT_TRUE(same_bits(found.of(2), expected.of(2)));
    for (const ScoredClass& none : found.of(1).best) {
      EXPECT_EQ(none.index, kNoClass);
      EXPECT_TRUE(std::isnan(none.probability));
    }
  }
}

TEST(WholeModelHeadsTest, RefusesWhatCannotBeAnswered) {
  const ModelConfig config = config_of(kSmall, HeadKind::cls);
  AnsweringModel model(Device::cuda, config, Precision::fp32);
  const auto refuses = [&](const char* message, int64_t best, double temperature) {
    expect_error(
        ErrorCode::invalid_argument, message, [&] { model.run({{1, 2}}, best, temperature); });
  };
  refuses("expected from 1 to 75 classes, found 0", 0, 1);
  refuses("expected from 1 to 75 classes, found 76", 76, 1);
  refuses("temperature above 0, found 0", 1, 0);
  refuses("temperature above 0, found inf", 1, std::numeric_limits<double>::infinity());

  AnsweringModel reference(Device::reference, config, Precision::fp32);
  const PackedBatch batch = pack({{1, 2}});
  ScoredClass best;
  const PreparedModel& prepared = reference.prepared();
  EXPECT_FALSE(reference.backend().try_answer(
      inputs_of(batch), batch.starts, prepared.encoder, prepared.head, 1, {{&best, 1, 1}, {}}));
}

// Successive models reuse each other's memory, and with it the addresses in graphs.
TEST(WholeModelsTest, OneBackendServesOneModelAfterTheOther) {
  const std::shared_ptr<Backend> shared = create_backend(Device::cuda);
  const ModelConfig config = config_of(kSmall, HeadKind::pooler);
  const Sequences sequences = random_sequences({6, 10});
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    AnsweringModel alone(create_backend(Device::cuda), config, Precision::fp16, seed);
    const Found expected = alone.run(sequences);
    AnsweringModel model(shared, config, Precision::fp16, seed);
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(same_bits(model.run(sequences), expected)) << seed;
    }
  }
  AnsweringModel one(shared, config, Precision::fp16, 1);
  AnsweringModel other(shared, config, Precision::bf16, 2);
  const Found of_one = one.run(sequences);
  const Found of_other = other.run(sequences);
  EXPECT_FALSE(same_bits(of_one, of_other));
  EXPECT_TRUE(same_bits(one.run(sequences), of_one));
  EXPECT_TRUE(same_bits(other.run(sequences), of_other));
}

TEST(WholeModelSizesTest, RunsTheLongestTextAndMoreTokensThanABatchHas) {
  ModelConfig config = config_of({8, 1, 8, 1}, HeadKind::mean);
  config.encoder.positions = 512;
  const std::shared_ptr<Backend> backend = create_backend(Device::cuda);
  AnsweringModel model(backend, config, Precision::fp16);
  AnsweringModel reference(Device::reference, config, Precision::fp32);
  const Sequences longest = random_sequences({512});
  const Found alone = model.run(longest);
  const Found expected = reference.run(longest);
  EXPECT_LE(largest_difference_of_row(alone.logits, expected.logits, 0), 0.01);

  Sequences many = longest;
  int64_t tokens = 512;
  while (tokens <= backend->traits().work_sizes.forward_tokens) {
    many.push_back(longest.front());
    many.back().resize(many.size() % 300 + 1);
    tokens += static_cast<int64_t>(many.back().size());
  }
  EXPECT_TRUE(same_bits(model.run(many).of(0), alone));
}

}  // namespace
}  // namespace fastintent
