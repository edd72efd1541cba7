#include <cmath>

#include "backend_test.h"

namespace fastintent {
namespace {

constexpr int64_t kRows = 200;
constexpr int64_t kColumns = 384;
constexpr double kCount = kRows * kColumns;

// Five standard deviations of a binomial share: exceeded once in two million tests, and the
// masks are fixed.
double bound(double share) {
  return 5 * std::sqrt(share * (1 - share) / kCount);
}

double zero_share(const Matrix& matrix) {
  double zeros = 0;
  for (const float value : matrix.values) {
    zeros += value == 0 ? 1 : 0;
  }
  return zeros / static_cast<double>(matrix.values.size());
}

class DropoutTest : public BackendTest {
 protected:
  Matrix mask(const Dropout& dropout) {
    const OnDevice out(*device_, kRows, kColumns);
    device_->apply_dropout(OnDevice(*device_, Matrix(kRows, kColumns, 1)), dropout, out);
    return out.download();
  }
};

TEST_P(DropoutTest, DropsTheRateAndScalesTheRest) {
  for (const float rate : {0.0F, 0.01F, 0.1F, 0.5F, 0.9F}) {
    const Matrix found = mask({rate, 42});
    EXPECT_NEAR(zero_share(found), rate, bound(rate));
    for (const float value : found.values) {
      ASSERT_TRUE(value == 0 || std::abs(value * (1 - rate) - 1) < 1e-6F) << value;
    }
  }
}

TEST_P(DropoutTest, FollowsItsDefinition) {
  const Dropout dropout{0.3F, 0x0123456789abcdefULL};
  const Matrix found = mask(dropout);
  for (int64_t i = 0; i < kRows * kColumns; ++i) {
    ASSERT_EQ(found.values[i] != 0, dropout_keeps(dropout, static_cast<uint32_t>(i))) << i;
  }
}

TEST_P(DropoutTest, AgreesWithReferenceAndWorksInPlace) {
  for (const int64_t T : kRowCounts) {
    for (const int64_t H : {1, 30, 64}) {
      const Matrix in = Random(static_cast<uint32_t>(T)).matrix(T, H);
      expect_agreement([&](Backend& backend) {
        const OnDevice out(backend, in);
        backend.apply_dropout(out, {0.2F, 9}, out);
        return std::vector<Result>{{"out", out.download(), 1e-7}};
      });
    }
  }
}

TEST_P(DropoutTest, TakesAndWritesColumnSlices) {
  for (const int64_t H : {3, 8, 1030, 2052}) {
    const Matrix wide = Random().matrix(5, 2 * H);
    expect_agreement([&](Backend& backend) {
      const OnDevice in(backend, wide);
      const OnDevice out(backend, wide);
      backend.apply_dropout(
          Tensor(in).column_slice(H, H), {0.2F, 9}, Tensor(out).column_slice(H, H));
      return std::vector<Result>{{"out", out.download(), 1e-7}};
    });
  }
}

// Two masks agree as often as by chance, also where seeds differ by one bit of either half.
TEST_P(DropoutTest, SeedsAreUncorrelated) {
  const double rate = 0.3;
  const double agreement = rate * rate + (1 - rate) * (1 - rate);
  const Matrix first = mask({0.3F, 1000});
  for (const uint64_t seed : {1001ULL, 1002ULL, 1000ULL + (1ULL << 32), 1000ULL + (1ULL << 63)}) {
    const Matrix second = mask({0.3F, seed});
    for (const int64_t shift : {0, 1, 2, 384}) {
      double same = 0;
      const auto count = static_cast<int64_t>(first.values.size()) - shift;
      for (int64_t i = 0; i < count; ++i) {
        same += (first.values[i] == 0) == (second.values[i + shift] == 0) ? 1 : 0;
      }
      EXPECT_NEAR(same / static_cast<double>(count), agreement, bound(agreement))
          << "seed " << seed << ", shift " << shift;
    }
  }
}

TEST_P(DropoutTest, BackwardRepeatsTheMaskOfAddAndNormalize) {
  const Dropout dropout{0.4F, 77};
  Random random;
  const OnDevice scale(*device_, Matrix(1, kColumns, 1));
  const OnDevice normal(*device_, kRows, kColumns);
  const OnDevice inverse_deviation(*device_, 1, kRows);
  const NormalizedRows kept{normal, inverse_deviation.flat()};
  const OnDevice out(*device_, kRows, kColumns);
  // Ones and no residual: what was dropped is the lowest value of its row.
  device_->add_and_normalize(OnDevice(*device_, Matrix(kRows, kColumns, 1)),
                             OnDevice(*device_, Matrix(kRows, kColumns)),
                             {scale.flat(), scale.flat(), 1e-12F},
                             dropout,
                             out,
                             kept);
  const OnDevice d_in(*device_, kRows, kColumns);
  const OnDevice d_residual(*device_, kRows, kColumns);
  const OnDevice d_scale(*device_, 1, kColumns);
  const OnDevice d_shift(*device_, 1, kColumns);
  device_->add_and_normalize_backward(kept,
                                      scale.flat(),
                                      dropout,
                                      OnDevice(*device_, random.matrix(kRows, kColumns)),
                                      d_in,
                                      d_residual,
                                      {d_scale.flat(), d_shift.flat(), Write::overwrite});
  const Matrix forward = normal.download();
  const Matrix backward = d_in.download();
  for (size_t i = 0; i < forward.values.size(); ++i) {
    ASSERT_EQ(forward.values[i] < 0, backward.values[i] == 0) << i;
  }
}

// One-hot values show each probability; a dropped one passes no gradient to its value.
TEST_P(DropoutTest, BackwardRepeatsTheMaskOfAttention) {
  const Dropout dropout{0.5F, 99};
  constexpr int64_t kKeys = 24;
  const std::vector<int32_t> starts{0, kKeys};
  Random random;
  Matrix one_hot(kKeys, kKeys);
  for (int64_t j = 0; j < kKeys; ++j) {
    one_hot.row(j)[j] = 1;
  }
  const OnDevice q(*device_, random.matrix(kKeys, kKeys, 0.1));
  const OnDevice k(*device_, random.matrix(kKeys, kKeys, 0.1));
  const OnDevice v(*device_, one_hot);
  const OnDevice out(*device_, kKeys, kKeys);
  device_->attention({q, k, v, {starts, starts}, 1, dropout}, out);
  const OnDevice d_q(*device_, kKeys, kKeys);
  const OnDevice d_k(*device_, kKeys, kKeys);
  const OnDevice d_v(*device_, kKeys, kKeys);
  // With d_out one-hot too, d_v[j][i] is the dropped probability of query i and key j.
  device_->attention_backward({q, k, v, {starts, starts}, 1, dropout}, v, {d_q, d_k, d_v});
  const Matrix forward = out.download();
  const Matrix backward = d_v.download();
  for (int64_t i = 0; i < kKeys; ++i) {
    for (int64_t j = 0; j < kKeys; ++j) {
      const bool kept = dropout_keeps(dropout, attention_dropout_index(i, 1, 0, j));
      ASSERT_EQ(forward.row(i)[j] != 0, kept) << i << " " << j;
      ASSERT_EQ(backward.row(j)[i] != 0, kept) << i << " " << j;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Devices,
                         DropoutTest,
                         testing::ValuesIn(devices_under_test()),
                         device_label);

}  // namespace
}  // namespace fastintent
