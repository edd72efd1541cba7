#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "backend_test.h"
#include "combinations.h"

// Law 2: an operation's result for a row or a sequence does not depend on the rest of the call.
// Each test computes many rows at once, then parts of them, and compares bit by bit.
namespace fastintent {
namespace {

constexpr int64_t kAllRows = 300;

bool same_bits(const Matrix& found, const Matrix& expected) {
  return found.values.size() == expected.values.size() &&
         std::memcmp(
             found.values.data(), expected.values.data(), found.values.size() * sizeof(float)) == 0;
}

// How many rows or tokens are computed together. A sample has those around the tiles of kernels.
std::vector<int32_t> counts_together() {
  std::vector<int32_t> counts{1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65};
  if (every_combination()) {
    counts.resize(70);
    std::iota(counts.begin(), counts.end(), 1);
  }
  counts.push_back(256);
  return counts;
}

class BatchInvarianceTest : public BackendTest {
 protected:
  // `run(first, count)` returns the results of rows [first, first + count) computed together.
  template <class Run>
  void expect_rows_invariant(const std::string& what, const Run& run) {
    const Matrix all = run(int64_t{0}, kAllRows);
    for (const int64_t count : counts_together()) {
      const int64_t first = (count * 7) % (kAllRows - count);
      ASSERT_TRUE(same_bits(run(first, count), all.slice(first, count)))
          << what << ", " << count << " rows from " << first;
    }
  }

  void check_linear(int64_t K, int64_t N, Precision precision, WeightUse use) {
    Random random(static_cast<uint32_t>(K + N));
    const Matrix in = random.matrix(kAllRows, K);
    const Matrix weight = random.matrix(N, K);
    const OnDevice weight_there(*device_, weight);
    const OnDevice bias(*device_, random.matrix(1, N));
    const auto prepared = use == WeightUse::training
                              ? device_->prepare_weight(weight_there, precision, use)
                              : device_->prepare_weight(weight.tensor(), precision, use);
    for (const Activation activation : {Activation::none, Activation::gelu}) {
      expect_rows_invariant("linear", [&](int64_t first, int64_t count) {
        const OnDevice out(*device_, count, N);
        device_->linear(
            OnDevice(*device_, in.slice(first, count)), *prepared, bias.flat(), activation, out);
        return out.download();
      });
    }
  }
};

TEST_P(BatchInvarianceTest, Linear) {
  constexpr int64_t kSizes[][2] = {
      {8, 12}, {30, 77}, {64, 64}, {128, 2}, {384, 77}, {384, 384}, {384, 1536}, {1536, 384}};
  for (const auto& [K, N] : kSizes) {
    for (const Precision precision :
         {Precision::fp32, Precision::tf32, Precision::fp16, Precision::bf16, Precision::int8}) {
      if (!device_->traits().multiplies(precision)) {
        continue;
      }
      check_linear(K, N, precision, WeightUse::inference);
    }
    check_linear(K, N, Precision::fp32, WeightUse::training);
    check_linear(K, N, Precision::bf16, WeightUse::training);
  }
}

TEST_P(BatchInvarianceTest, Attention) {
  constexpr int64_t kHeads[][2] = {{30, 3}, {64, 2}, {384, 12}};
  const std::vector<int32_t> lengths = counts_together();
  std::vector<int32_t> starts(lengths.size() + 1);
  std::partial_sum(lengths.begin(), lengths.end(), starts.begin() + 1);
  for (const auto& [H, heads] : kHeads) {
    Random random(static_cast<uint32_t>(H));
    const Matrix q = random.matrix(starts.back(), H, 2);
    const Matrix k = random.matrix(starts.back(), H, 2);
    const Matrix v = random.matrix(starts.back(), H);
    const auto run = [&, head_count = heads](int64_t first, std::vector<int32_t> own_starts) {
      const int64_t count = own_starts.back();
      const OnDevice out(*device_, count, q.columns);
      device_->attention({OnDevice(*device_, q.slice(first, count)),
                          OnDevice(*device_, k.slice(first, count)),
                          OnDevice(*device_, v.slice(first, count)),
                          {own_starts, own_starts},
                          head_count,
                          {}},
                         out);
      return out.download();
    };
    const Matrix all = run(0, starts);
    for (size_t s = 0; s < lengths.size(); ++s) {
      ASSERT_TRUE(same_bits(run(starts[s], {0, lengths[s]}), all.slice(starts[s], lengths[s])))
          << "sequence of " << lengths[s] << " tokens, " << heads << " heads";
    }
  }
}

// The last layer computes one row of each sequence.
TEST_P(BatchInvarianceTest, AttentionOfFirstTokens) {
  Random random;
  const std::vector<int32_t> key_starts = random.starts(kAllRows, 40);
  const auto S = static_cast<int64_t>(key_starts.size()) - 1;
  std::vector<int32_t> query_starts(key_starts.size());
  std::iota(query_starts.begin(), query_starts.end(), 0);
  const Matrix q = random.matrix(S, 384, 2);
  const Matrix k = random.matrix(kAllRows, 384, 2);
  const Matrix v = random.matrix(kAllRows, 384);
  const OnDevice all(*device_, S, 384);
  device_->attention({OnDevice(*device_, q),
                      OnDevice(*device_, k),
                      OnDevice(*device_, v),
                      {query_starts, key_starts},
                      12,
                      {}},
                     all);
  for (int64_t s = 0; s < S; ++s) {
    const int64_t first = key_starts[s];
    const int32_t length = key_starts[s + 1] - key_starts[s];
    const std::vector<int32_t> one_query{0, 1};
    const std::vector<int32_t> own_keys{0, length};
    const OnDevice alone(*device_, 1, 384);
    device_->attention({OnDevice(*device_, q.slice(s, 1)),
                        OnDevice(*device_, k.slice(first, length)),
                        OnDevice(*device_, v.slice(first, length)),
                        {one_query, own_keys},
                        12,
                        {}},
                       alone);
    ASSERT_TRUE(same_bits(alone.download(), all.download().slice(s, 1))) << "sequence " << s;
  }
}

// A query's result is the same alone and with the other queries of its sequence.
TEST_P(BatchInvarianceTest, AttentionOfOneQueryAmongAll) {
  Random random;
  const Matrix values = random.matrix(100, 128, 2);
  for (const int32_t length : {1, 7, 15, 16, 17, 33, 100}) {
    const OnDevice all(*device_, values.slice(0, length));
    const std::vector<int32_t> starts{0, length};
    const OnDevice out(*device_, length, 128);
    device_->attention({all, all, all, {starts, starts}, 2, {}}, out);
    const Matrix expected = out.download();
    for (int32_t row = 0; row < length; ++row) {
      const std::vector<int32_t> one_query{0, 1};
      const OnDevice alone(*device_, 1, 128);
      const OnDevice query(*device_, values.slice(row, 1));
      device_->attention({query, all, all, {one_query, starts}, 2, {}}, alone);
      ASSERT_TRUE(same_bits(alone.download(), expected.slice(row, 1)))
          << "query " << row << " of " << length;
    }
  }
}

TEST_P(BatchInvarianceTest, AddAndNormalize) {
  for (const int64_t H : {8, 30, 384}) {
    Random random(static_cast<uint32_t>(H));
    const Matrix in = random.matrix(kAllRows, H);
    const Matrix residual = random.matrix(kAllRows, H);
    const OnDevice scale(*device_, random.matrix(1, H));
    expect_rows_invariant("add_and_normalize", [&](int64_t first, int64_t count) {
      const OnDevice out(*device_, count, in.columns);
      device_->add_and_normalize(OnDevice(*device_, in.slice(first, count)),
                                 OnDevice(*device_, residual.slice(first, count)),
                                 {scale.flat(), scale.flat(), 1e-12F},
                                 {},
                                 out);
      return out.download();
    });
  }
}

TEST_P(BatchInvarianceTest, Embed) {
  for (const int64_t H : {8, 30, 384}) {
    Random random(static_cast<uint32_t>(H));
    const OnDevice word(*device_, random.matrix(50, H));
    const OnDevice position(*device_, random.matrix(20, H));
    const OnDevice segment(*device_, random.matrix(2, H));
    const OnDevice scale(*device_, random.matrix(1, H));
    const std::vector<int32_t> ids = random.integers(kAllRows, 50);
    const std::vector<int32_t> positions = random.integers(kAllRows, 20);
    expect_rows_invariant("embed", [&, width = H](int64_t first, int64_t count) {
      const OnDevice out(*device_, count, width);
      device_->embed({{ids.data() + first, static_cast<size_t>(count)},
                      {},
                      {positions.data() + first, static_cast<size_t>(count)}},
                     {word, position, segment},
                     {scale.flat(), scale.flat(), 1e-12F},
                     {},
                     out);
      return out.download();
    });
  }
}

TEST_P(BatchInvarianceTest, Pool) {
  Random random;
  const std::vector<int32_t> starts = random.starts(kAllRows, 40);
  const Matrix hidden = random.matrix(kAllRows, 384);
  for (const Pooling pooling : {Pooling::first_token, Pooling::mean}) {
    const auto S = static_cast<int64_t>(starts.size()) - 1;
    const OnDevice all(*device_, S, 384);
    device_->pool(OnDevice(*device_, hidden), starts, pooling, all);
    for (int64_t s = 0; s < S; ++s) {
      const int32_t length = starts[s + 1] - starts[s];
      const std::vector<int32_t> own_starts{0, length};
      const OnDevice alone(*device_, 1, 384);
      device_->pool(
          OnDevice(*device_, hidden.slice(starts[s], length)), own_starts, pooling, alone);
      ASSERT_TRUE(same_bits(alone.download(), all.download().slice(s, 1))) << "sequence " << s;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Devices,
                         BatchInvarianceTest,
                         testing::ValuesIn(devices_under_test()),
                         device_label);

}  // namespace
}  // namespace fastintent
