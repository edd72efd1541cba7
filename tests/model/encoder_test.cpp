#include "model/encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <functional>
#include <numeric>
#include <thread>

#include "combinations.h"
#include "random_encoder.h"

// The complete encoder as the processor runs it, compared with the operations one by one on the
// reference; and law 2, batch invariance, bit by bit.
namespace fastintent {
namespace {

constexpr Precision kPrecisions[] = {Precision::fp32, Precision::bf16, Precision::int8};

// Widths that are not multiples of vectors, words of four bytes and panels of 64 columns; and
// multiples.
constexpr Shape kShapes[] = {{30, 3, 41, 1}, {72, 3, 100, 2}, {64, 2, 256, 3}, {130, 2, 67, 2}};

// Of the first two, one is below the width of a panel and one above; the tests of operations try more widths.
std::span<const Shape> shapes() {
  return one_model_of_each_kind() ? std::span(kShapes).first(2) : std::span(kShapes);
}

// 1 token, more than the 48 rows that pass through a layer together, and each case beyond that.
std::vector<Sequences> batches() {
  return {random_sequences({1}),
          random_sequences({5, 1, 1}),
          random_sequences({48}),
          random_sequences({30, 19}),
          random_sequences({1, 70, 3, 12, 1, 25, 9, 33})};
}

// Threads that meet at each wait().
class ThreadTeam final : public Team {
 public:
  explicit ThreadTeam(int size) : size_(size) {}
  int size() const override { return size_; }
  void run(const std::function<void(const TeamMember&)>& task) override {
    std::barrier<> meeting(size_);
    std::vector<std::thread> others;
    for (int i = 1; i < size_; ++i) {
      others.emplace_back([&, i] { task(Member(i, size_, meeting)); });
    }
    task(Member(0, size_, meeting));
    for (std::thread& other : others) {
      other.join();
    }
  }

 private:
  class Member final : public TeamMember {
   public:
    Member(int index, int size, std::barrier<>& meeting)
        : TeamMember(index, size), meeting_(meeting) {}
    void wait() const override { meeting_.arrive_and_wait(); }

   private:
    std::barrier<>& meeting_;
  };

  int size_;
};

// Values are of order one. In f32 a result is off by a few units in the last place for each of up
// to twelve products.
constexpr double kFloat = 2e-5;

// In bf16 and int8 the factors of a product are rounded to steps. A factor near the middle of two
// steps, which the errors of f32 round to the other step, changes its row by the step times a
// weight, and later values of that row by as much as rounding itself does: a few thousandths for
// bf16, hundredths for int8. Up to one factor in a thousand is that near, so many rows have none.
double tolerance_of(Precision precision) {
  switch (precision) {
    case Precision::bf16:
      return 0.03;
    case Precision::int8:
      return 0.1;
    default:
      return kFloat;
  }
}

class EncoderTest : public testing::TestWithParam<std::tuple<Precision, Pooling>> {
 protected:
  Precision precision() const { return std::get<0>(GetParam()); }
  ModelConfig config(const Shape& shape) const { return config_of(shape, std::get<1>(GetParam())); }
};

TEST_P(EncoderTest, AgreesWithTheOperationsOneByOne) {
  for (const Shape& shape : shapes()) {
    Encoder device(Device::cpu, config(shape), precision());
    Encoder reference(Device::reference, config(shape), precision());
    std::vector<double> differences;
    for (const Sequences& sequences : batches()) {
      const Matrix found = device.run(sequences);
      const Matrix expected = reference.run(sequences);
      ASSERT_EQ(found.values.size(), expected.values.size());
      for (int64_t r = 0; r < expected.rows; ++r) {
        differences.push_back(largest_difference_of_row(found, expected, r));
      }
    }
    std::sort(differences.begin(), differences.end());
    EXPECT_LE(differences[differences.size() / 4], kFloat) << "width " << shape.hidden;
    EXPECT_LE(differences.back(), tolerance_of(precision())) << "width " << shape.hidden;
  }
}

TEST_P(EncoderTest, GivesATextTheSameBitsInAnyBatchAndTeam) {
  const bool first_rows = std::get<1>(GetParam()) == Pooling::first_token;
  for (const Shape& shape : shapes()) {
    Encoder encoder(Device::cpu, config(shape), precision());
    const Sequences sequences = batches().back();
    std::vector<Matrix> alone;
    for (const auto& sequence : sequences) {
      alone.push_back(encoder.run({sequence}));
    }

    std::vector<size_t> order(sequences.size());
    std::iota(order.begin(), order.end(), size_t{0});
    for (const int members : {1, 2, 3}) {
      ThreadTeam team(members);
      for (int rotation = 0; rotation < 3; ++rotation) {
        std::rotate(order.begin(), order.begin() + 3, order.end());
        if (!every_combination() && rotation != members - 1) {
          continue;
        }
        for (size_t count = 1; count <= order.size(); ++count) {
          Sequences some;
          for (size_t i = 0; i < count; ++i) {
            some.push_back(sequences[order[i]]);
          }
          const Matrix together = encoder.run(some, members > 1 ? &team : nullptr);
          int64_t row = 0;
          for (size_t i = 0; i < count; ++i) {
            const Matrix& expected = alone[order[i]];
            ASSERT_TRUE(same_bits(together.slice(row, expected.rows), expected))
                << "width " << shape.hidden << ", " << members << " members, text of "
                << some[i].size() << " tokens among " << count;
            row += first_rows ? 1 : static_cast<int64_t>(some[i].size());
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllPrecisions,
                         EncoderTest,
                         testing::Combine(testing::ValuesIn(kPrecisions),
                                          testing::Values(Pooling::first_token, Pooling::mean)),
                         [](const auto& test) {
                           const bool mean = std::get<1>(test.param) == Pooling::mean;
                           return std::string(precision_name(std::get<0>(test.param))) +
                                  (mean ? "_mean" : "_first_token");
                         });

}  // namespace
}  // namespace fastintent
