#include <algorithm>
#include <numeric>

#include "backend_test.h"
#include "base/expect_error.h"

namespace fastintent {
namespace {

// Probabilities sum to one and values are of order one: a few roundings of exp and of sums over at
// most 100 keys.
constexpr double kForward = 3e-6;
// Gradients of keys sum over at most 100 queries, each with a few roundings of its own.
constexpr double kBackward = 1e-5;

struct Heads {
  int64_t H;
  int64_t heads;
};
constexpr Heads kHeads[] = {
    {8, 8}, {12, 4}, {16, 2}, {30, 3}, {30, 2}, {64, 2}, {64, 1}, {384, 12}};

std::vector<int32_t> starts_of(const std::vector<int32_t>& lengths) {
  std::vector<int32_t> starts(lengths.size() + 1);
  std::partial_sum(lengths.begin(), lengths.end(), starts.begin() + 1);
  return starts;
}

// The buckets of all distances up to `reach`, neighbours in different ones.
std::vector<uint8_t> mixed_buckets(int64_t reach, int64_t buckets) {
  std::vector<uint8_t> list(static_cast<size_t>(2 * reach + 1));
  for (size_t i = 0; i < list.size(); ++i) {
    list[i] = static_cast<uint8_t>(i * i / 3 % static_cast<size_t>(buckets));
  }
  return list;
}

class AttentionTest : public BackendTest {
 protected:
  // Sequence s has queries[s] queries and keys[s] keys. `buckets`: rows of the table of a distance
  // bias; 0: none.
  void check(const std::vector<int32_t>& queries,
             const std::vector<int32_t>& keys,
             Heads shape,
             Dropout dropout,
             int64_t buckets = 0,
             int64_t window = 0) {
    const std::vector<int32_t> query_starts = starts_of(queries);
    const std::vector<int32_t> key_starts = starts_of(keys);
    Random random(static_cast<uint32_t>(key_starts.back() + shape.H));
    const int64_t H = shape.H;
    // Of scores around ±2: uneven probabilities, as in a trained model.
    const Matrix q = random.matrix(query_starts.back(), H, 3);
    const Matrix k = random.matrix(key_starts.back(), H, 2);
    const Matrix v = random.matrix(key_starts.back(), H);
    const Matrix d_out = random.matrix(query_starts.back(), H, 0.3);
    const Matrix table = random.matrix(buckets, shape.heads, 2);
    const Matrix before = random.matrix(buckets, shape.heads);
    std::vector<uint8_t> of_distances;
    if (buckets > 0) {
      of_distances = mixed_buckets(*std::ranges::max_element(keys) + 1, buckets);
    }
    expect_agreement([&](Backend& backend) {
      const OnDevice q_there(backend, q);
      const OnDevice k_there(backend, k);
      const OnDevice v_there(backend, v);
      const OnDevice d_out_there(backend, d_out);
      const OnDevice out(backend, q.rows, H);
      const OnDevice d_q(backend, q.rows, H);
      const OnDevice d_k(backend, k.rows, H);
      const OnDevice d_v(backend, k.rows, H);
      const OnDevice table_there(backend, table);
      const OnDevice d_table(backend, before);
      const AttentionSpans spans{query_starts, key_starts};
      AttentionOperands operands{q_there, k_there, v_there, spans, shape.heads, dropout};
      if (buckets > 0) {
        operands.distance_bias = {table_there, of_distances};
      }
      operands.window = window;
      backend.attention(operands, out);
      backend.attention_backward(
          operands, d_out_there, {d_q, d_k, d_v, buckets > 0 ? Tensor(d_table) : Tensor()});
      return std::vector<Result>{{"out", out.download(), kForward},
                                 // Sums of up to 10,000 scores' gradients, each below one.
                                 {"d_distance_bias", d_table.download(), kBackward},
                                 {"d_q", d_q.download(), kBackward},
                                 {"d_k", d_k.download(), kBackward},
                                 {"d_v", d_v.download(), kBackward}};
    });
  }
};

TEST_P(AttentionTest, AgreesWithReference) {
  for (const Heads shape : kHeads) {
    for (const Dropout dropout : {Dropout{}, Dropout{0.1F, 0x123456789abcdefULL}}) {
      for (const int32_t length : {1, 2, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100}) {
        check({length}, {length}, shape, dropout);
      }
      const std::vector<int32_t> mixed{5, 1, 16, 17, 3, 100, 1, 31};
      check(mixed, mixed, shape, dropout);
    }
  }
}

// More queries than are computed at a time, in the longest text that an encoder accepts.
TEST_P(AttentionTest, LongSequences) {
  for (const Heads shape : {Heads{15, 1}, Heads{64, 2}}) {
    check({512}, {512}, shape, {});
    check({1, 64}, {500, 512}, shape, {0.1F, 5});
  }
}

// Texts shorter and longer than the window, around the numbers of queries and keys that are computed
// together.
TEST_P(AttentionTest, Window) {
  for (const Heads shape : {Heads{12, 4}, Heads{30, 3}, Heads{64, 1}}) {
    for (const int64_t window : {1, 4, 31, 64}) {
      for (const Dropout dropout : {Dropout{}, Dropout{0.1F, 9}}) {
        const std::vector<int32_t> mixed{5, 1, 2, 33, 65, 66, 131};
        check(mixed, mixed, shape, dropout, 0, window);
        check({1, 0, 1, 3}, {40, 7, 1, 100}, shape, dropout, 0, window);
      }
    }
  }
  check({300}, {300}, {64, 2}, {}, 0, 64);
  check({1, 300}, {300, 300}, {64, 2}, {}, 7, 64);  // beside a distance bias
}

TEST_P(AttentionTest, FewerQueriesThanKeys) {
  for (const Heads shape : kHeads) {
    for (const Dropout dropout : {Dropout{}, Dropout{0.3F, 7}}) {
      check({1, 1, 1, 1}, {5, 1, 16, 37}, shape, dropout);
      check({3, 0, 16, 2}, {5, 4, 20, 17}, shape, dropout);
    }
  }
}

TEST_P(AttentionTest, AddsTheBiasOfTheDistance) {
  for (const Heads shape : {Heads{12, 4}, Heads{30, 2}, Heads{64, 2}, Heads{80, 1}}) {
    for (const Dropout dropout : {Dropout{}, Dropout{0.1F, 11}}) {
      const std::vector<int32_t> mixed{5, 1, 16, 17, 3, 100, 1, 31};
      check(mixed, mixed, shape, dropout, 5);
      check({1, 1, 1, 0, 3}, {5, 1, 37, 4, 20}, shape, dropout, 40);
    }
    for (const int32_t length : {1, 2, 8, 33}) {
      check({length}, {length}, shape, {}, 32);
    }
  }
  check({300}, {300}, {16, 1}, {}, 32);
  check({0}, {5}, {12, 4}, {}, 3);
}

// Buckets for too short a distance, and of rows that the table lacks.
TEST_P(AttentionTest, RefusesABiasThatDoesNotReach) {
  const Matrix rows(5, 8);
  const Matrix table(3, 2);
  const OnDevice there(*device_, rows);
  const OnDevice table_there(*device_, table);
  const OnDevice out(*device_, 5, 8);
  const std::vector<int32_t> starts{0, 5};
  const auto attend = [&](const std::vector<uint8_t>& buckets, int64_t heads) {
    device_->attention({there, there, there, {starts, starts}, heads, {}, {table_there, buckets}},
                       out);
  };
  const auto refuses =
      [&](const std::string& message, std::vector<uint8_t> buckets, int64_t heads) {
        expect_error(ErrorCode::invalid_argument, message, [&] { attend(buckets, heads); });
      };
  refuses("9 at least, found 7", std::vector<uint8_t>(7), 2);
  refuses("9 at least, found 10", std::vector<uint8_t>(10), 2);
  refuses("buckets from 0 to 2, found 3", std::vector<uint8_t>(9, 3), 2);
  refuses("distance bias [*,4], found [3,2]", std::vector<uint8_t>(9), 4);
  attend(std::vector<uint8_t>(9, 2), 2);
}

TEST_P(AttentionTest, NothingAsked) {
  check({}, {}, {12, 4}, {});
  check({0, 0}, {0, 0}, {12, 4}, {});
  check({0}, {5}, {12, 4}, {});  // gradients of keys are zero
}

// exp of differences of hundreds must neither overflow nor lose the largest.
TEST_P(AttentionTest, ExtremeScores) {
  Random random;
  const Matrix q = random.matrix(17, 64, 40);
  const Matrix k = random.matrix(17, 64, 40);
  const Matrix v = random.matrix(17, 64);
  const std::vector<int32_t> starts{0, 17};
  expect_agreement([&](Backend& backend) {
    const OnDevice out(backend, 17, 64);
    backend.attention(
        {OnDevice(backend, q), OnDevice(backend, k), OnDevice(backend, v), {starts, starts}, 2, {}},
        out);
    // Scores of order 1000 in float are off by 1e-4, and so are probabilities, relatively.
    return std::vector<Result>{{"out", out.download(), 1e-3}};
  });
}

// Of two keys with the scores 0 and x, the second has the share e^x / (1 + e^x): exp over its whole
// range, relatively.
TEST_P(AttentionTest, SmallSharesAreExact) {
  constexpr int64_t kCount = 1000;
  Matrix q(2 * kCount, 1, 1);
  Matrix k(2 * kCount, 1);
  Matrix v(2 * kCount, 1);
  std::vector<int32_t> starts{0};
  for (int64_t s = 0; s < kCount; ++s) {
    k.row(2 * s + 1)[0] = -0.08F * static_cast<float>(s);
    v.row(2 * s + 1)[0] = 1;
    starts.push_back(starts.back() + 2);
  }
  const OnDevice out(*device_, 2 * kCount, 1);
  device_->attention({OnDevice(*device_, q),
                      OnDevice(*device_, k),
                      OnDevice(*device_, v),
                      {starts, starts},
                      1,
                      {}},
                     out);
  const Matrix found = out.download();
  for (int64_t r = 0; r < 2 * kCount; ++r) {
    const double x = k.row(r / 2 * 2 + 1)[0];
    const double expected = std::exp(x) / (1 + std::exp(x));
    // A few roundings, and that of x itself, which exp makes |x| times as large.
    const double tolerance = 4e-7 + 1e-7 * std::abs(x);
    ASSERT_NEAR(found.row(r)[0] / expected, 1, tolerance) << x;
  }
}

// The output of a diverged model must not look valid.
TEST_P(AttentionTest, NotANumberStaysOne) {
  Random random;
  const Matrix values = random.matrix(5, 64);
  Matrix k = random.matrix(5, 64);
  k.row(2)[3] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<int32_t> starts{0, 5};
  const OnDevice out(*device_, 5, 64);
  const OnDevice there(*device_, values);
  device_->attention({there, OnDevice(*device_, k), there, {starts, starts}, 2, {}}, out);
  const Matrix found = out.download();
  for (int64_t r = 0; r < 5; ++r) {
    EXPECT_TRUE(std::isnan(found.row(r)[0]));
    EXPECT_FALSE(std::isnan(found.row(r)[32]));  // the other head
  }
}

TEST_P(AttentionTest, TakesColumnSlicesOfOneProduct) {
  Random random;
  const std::vector<int32_t> starts{0, 5, 22};
  const Matrix qkv = random.matrix(22, 192);
  const Matrix d_out = random.matrix(22, 64);
  expect_agreement([&](Backend& backend) {
    const OnDevice there(backend, qkv);
    const OnDevice d_out_there(backend, d_out);
    const OnDevice d_qkv(backend, 22, 192);
    const OnDevice out(backend, 22, 64);
    const ConstTensor all = there;
    const Tensor d_all = d_qkv;
    const Dropout dropout{0.2F, 3};
    backend.attention({all.column_slice(0, 64),
                       all.column_slice(64, 64),
                       all.column_slice(128, 64),
                       {starts, starts},
                       2,
                       dropout},
                      out);
    backend.attention_backward(
        {all.column_slice(0, 64),
         all.column_slice(64, 64),
         all.column_slice(128, 64),
         {starts, starts},
         2,
         dropout},
        d_out_there,
        {d_all.column_slice(0, 64), d_all.column_slice(64, 64), d_all.column_slice(128, 64)});
    return std::vector<Result>{{"out", out.download(), kForward},
                               {"d_qkv", d_qkv.download(), kBackward}};
  });
}

INSTANTIATE_TEST_SUITE_P(Devices,
                         AttentionTest,
                         testing::ValuesIn(devices_under_test()),
                         device_label);

}  // namespace
}  // namespace fastintent
