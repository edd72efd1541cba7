#include "cuda/kernels/tile_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "compute/backend_test.h"
#include "cuda/kernels/convert.h"
#include "cuda/runtime.h"

namespace fastintent::cuda {
namespace {

// Values are of order one: a rounding of a probability, of 11 bits in fp16 and of 8 in bf16, and
// one of the result; in f32 those of exp and of sums over at most 600 keys.
double tolerance_of(Factors factors) {
  if (factors == Factors::fp16) {
    return 1e-3;
  }
  return factors == Factors::bf16 ? 8e-3 : 5e-6;
}

float float_of_half(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  const float size = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                     : exponent == 31
                         ? std::numeric_limits<float>::quiet_NaN()
                         : std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
  return (bits & 0x8000) != 0 ? -size : size;
}

struct Heads {
  int64_t heads;
  int64_t width;
};

// Keys of one sequence, and how many of its first rows are queries.
struct Sequence {
  int32_t keys;
  int32_t queries;
};

std::vector<Sequence> all_ask(const std::vector<int32_t>& lengths) {
  std::vector<Sequence> sequences;
  for (const int32_t length : lengths) {
    sequences.push_back({length, length});
  }
  return sequences;
}

class TileAttentionTest : public testing::TestWithParam<Factors> {
 protected:
  // Rows as the kernel reads them, of any kind.
  struct Stored {
    DeviceMemory memory;
    int64_t stride = 0;

    const void* column(int64_t column, int64_t bytes) const {
      return memory.as<std::byte>() + column * bytes;
    }
  };

  int64_t bytes() const { return bytes_of(GetParam()); }

  Stored store(const Matrix& rows) const {
    DeviceMemory as_f32(0, rows.values.size() * sizeof(float));
    stream_.upload(rows.values.data(), as_f32.get(), as_f32.size());
    if (bytes() == sizeof(float)) {
      return {std::move(as_f32), rows.columns};
    }
    DeviceMemory rounded(0, rows.values.size() * 2);
    convert_rows(stream_, {as_f32.as<float>(), rows.rows, rows.columns}, GetParam(), rounded.get());
    return {std::move(rounded), rows.columns};
  }

  Matrix load(const Stored& stored, int64_t rows) const {
    Matrix values(rows, stored.stride);
    if (bytes() == sizeof(float)) {
      stream_.download(stored.memory.get(), values.values.data(), stored.memory.size());
      stream_.synchronize();
      return values;
    }
    std::vector<uint16_t> bits(values.values.size());
    stream_.download(stored.memory.get(), bits.data(), stored.memory.size());
    stream_.synchronize();
    for (size_t i = 0; i < bits.size(); ++i) {
      values.values[i] = GetParam() == Factors::fp16
                             ? float_of_half(bits[i])
                             : std::bit_cast<float>(static_cast<uint32_t>(bits[i]) << 16);
    }
    return values;
  }

  // The results of all queries, one after the other. q, k and v [keys of all, H] hold the
  // sequences' rows; the kernel gets them side by side, as one product writes them, with `gap` rows
  // of NaN around each sequence and 16 after the last. Rows without a query must stay unchanged.
  Matrix attend(const std::vector<Sequence>& sequences,
                Heads shape,
                const Matrix& qkv,
                int64_t gap,
                const DistanceBias& bias = {}) const {
    const int64_t H = shape.heads * shape.width;
    constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
    const auto count = static_cast<int64_t>(sequences.size());
    Matrix rows(qkv.rows + gap * (count + 1) + 16, 3 * H, kNaN);
    std::vector<AttentionTile> tiles;
    std::vector<bool> asked(rows.rows);
    int64_t row = gap;
    int64_t given = 0;
    int32_t longest = 0;
    for (const Sequence& sequence : sequences) {
      std::copy_n(qkv.row(given), sequence.keys * 3 * H, rows.row(row));
      const auto first = static_cast<int32_t>(row);
      const std::vector<int32_t> queries{first, first + sequence.queries};
      const std::vector<int32_t> keys{first, first + sequence.keys};
      for (const AttentionTile& tile : attention_tiles({queries, keys}, 16)) {
        tiles.push_back(tile);
      }
      std::fill_n(asked.begin() + row, sequence.queries, true);
      longest = std::max(longest, sequence.keys);
      given += sequence.keys;
      row += sequence.keys + gap;
    }

    const Stored there = store(rows);
    const Stored out = store(Matrix(rows.rows, H, kNaN));
    const DeviceMemory tiles_there(0, tiles.size() * sizeof(AttentionTile));
    stream_.upload(tiles.data(), tiles_there.get(), tiles_there.size());
    const DeviceMemory count_there(0, sizeof(int32_t));
    const DeviceMemory table_there(0, static_cast<size_t>(bias.table.size() + 1) * sizeof(float));
    const DeviceMemory buckets_there(0, bias.buckets.size() + 1);
    DistanceBiasOnDevice bias_there;
    if (!bias.empty()) {
      stream_.upload(bias.table.data,
                     table_there.get(),
                     static_cast<size_t>(bias.table.size()) * sizeof(float));
      stream_.upload(bias.buckets.data(), buckets_there.get(), bias.buckets.size());
      bias_there = on_device(bias, buckets_there.as<uint8_t>());
      bias_there.table = table_there.as<float>();
    }
    const auto tile_count = static_cast<int32_t>(tiles.size());
    stream_.upload(&tile_count, count_there.get(), sizeof(tile_count));
    tile_attention(stream_,
                   GetParam(),
                   {.q = there.column(0, bytes()),
                    .q_stride = 3 * H,
                    .k = there.column(H, bytes()),
                    .v = there.column(2 * H, bytes()),
                    .kv_stride = 3 * H,
                    .tiles = tiles_there.as<AttentionTile>(),
                    .tile_count = count_there.as<int32_t>(),
                    .most_tiles = tile_count + 7,  // room for more than there are
                    .longest_keys = longest,
                    .heads = shape.heads,
                    .head_width = shape.width,
                    .distance_bias = bias_there,
                    .out = out.memory.get(),
                    .out_stride = H});

    const Matrix all = load(out, rows.rows);
    Matrix answers(std::count(asked.begin(), asked.end(), true), H);
    int64_t answer = 0;
    for (int64_t r = 0; r < rows.rows; ++r) {
      if (asked[r]) {
        std::copy_n(all.row(r), H, answers.row(answer++));
      } else {
        for (int64_t c = 0; c < H; ++c) {
          EXPECT_TRUE(std::isnan(all.row(r)[c])) << r << " " << c;
        }
      }
    }
    return answers;
  }

  // q, k and v side by side, of scores around ±2.
  static Matrix random_rows(const std::vector<Sequence>& sequences, Heads shape) {
    int64_t rows = 0;
    for (const Sequence& sequence : sequences) {
      rows += sequence.keys;
    }
    const int64_t H = shape.heads * shape.width;
    Matrix qkv = Random(static_cast<uint32_t>(rows + H)).matrix(rows, 3 * H);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < 2 * H; ++c) {
        qkv.row(r)[c] *= c < H ? 3.0F : 2.0F;
      }
    }
    return qkv;
  }

  void check(const std::vector<Sequence>& sequences,
             Heads shape,
             const DistanceBias& bias = {}) const {
    const int64_t H = shape.heads * shape.width;
    const Matrix qkv = random_rows(sequences, shape);
    const Matrix found = attend(sequences, shape, qkv, 3, bias);

    // The reference, for the numbers rounded to 16 bits.
    const Matrix rounded = load(store(qkv), qkv.rows);
    Matrix queries(found.rows, H);
    std::vector<int32_t> query_starts{0};
    std::vector<int32_t> key_starts{0};
    for (const Sequence& sequence : sequences) {
      for (int64_t r = 0; r < sequence.queries; ++r) {
        std::copy_n(rounded.row(key_starts.back() + r), H, queries.row(query_starts.back() + r));
      }
      query_starts.push_back(query_starts.back() + sequence.queries);
      key_starts.push_back(key_starts.back() + sequence.keys);
    }
    Matrix expected(found.rows, H);
    const ConstTensor all = rounded.tensor();
    const Matrix& asking = queries;
    create_backend(Device::reference)
        ->attention({asking.tensor(),
                     all.column_slice(H, H),
                     all.column_slice(2 * H, H),
                     {query_starts, key_starts},
                     shape.heads,
                     {},
                     bias},
                    expected.tensor());
    expect_close("out", found, expected, tolerance_of(GetParam()));
  }

  Stream stream_{0};
};

// Heads of the widths that have tensor-core kernels, and of others.
constexpr Heads kShapes[] = {{2, 32}, {3, 64}, {1, 128}, {5, 16}, {2, 48}, {1, 80}, {1, 192}};

TEST_P(TileAttentionTest, AgreesWithReference) {
  for (const Heads shape : kShapes) {
    for (const int32_t length : {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 48, 63, 64, 65, 100}) {
      check(all_ask({length}), shape);
    }
    check(all_ask({5, 1, 16, 17, 3, 64, 1, 31}), shape);
    check(all_ask({5, 1, 70, 17, 100}), shape);
  }
}

TEST_P(TileAttentionTest, LongSequences) {
  for (const Heads shape : {Heads{1, 32}, Heads{2, 64}, Heads{1, 128}, Heads{1, 40}}) {
    check({{300, 20}, {512, 17}, {513, 1}, {600, 33}, {12, 12}}, shape);
  }
}

TEST_P(TileAttentionTest, AddsTheBiasOfTheDistance) {
  constexpr int64_t kBuckets = 32;
  std::vector<uint8_t> buckets;  // of distances up to 600
  for (int64_t i = 0; i <= 1200; ++i) {
    buckets.push_back(static_cast<uint8_t>(i * i / 3 % kBuckets));
  }
  for (const Heads shape : kShapes) {
    const Matrix table = Random(5).matrix(kBuckets, shape.heads, 2);
    const DistanceBias bias{table.tensor(), buckets};
    check(all_ask({5, 1, 16, 17, 3, 64, 1, 31}), shape, bias);
    check({{100, 100}, {5, 1}, {70, 1}}, shape, bias);
    check({{300, 20}, {513, 17}}, shape, bias);
  }
}

TEST_P(TileAttentionTest, FewerQueriesThanKeys) {
  for (const Heads shape : kShapes) {
    check({{5, 1}, {1, 1}, {16, 1}, {37, 2}, {90, 1}}, shape);
  }
}

// More heads of tiles than 2048 blocks take at once, four each on the tensor cores: each block
// continues with further ones.
TEST_P(TileAttentionTest, ManySequences) {
  const int64_t heads = GetParam() == Factors::fp32 ? 4 : 16;
  check(all_ask(std::vector<int32_t>(600, 2)), {heads, 32});
}

// Alone, at the start of memory, and with sequences that take other paths through the kernels.
TEST_P(TileAttentionTest, BatchesDoNotChangeABit) {
  for (const Heads shape : {Heads{3, 64}, Heads{2, 32}, Heads{1, 24}}) {
    for (const int32_t other : {9, 64, 80, 530}) {
      const std::vector<Sequence> sequences = {
          {13, 13}, {other, std::min(other, 18)}, {70, 5}, {33, 33}};
      const Matrix qkv = random_rows(sequences, shape);
      const Matrix together = attend(sequences, shape, qkv, 5);
      int64_t row = 0;
      int64_t answer = 0;
      for (const Sequence& sequence : sequences) {
        const Matrix alone = attend({sequence}, shape, qkv.slice(row, sequence.keys), 0);
        EXPECT_EQ(alone.values, together.slice(answer, sequence.queries).values);
        row += sequence.keys;
        answer += sequence.queries;
      }
    }
  }
}

// NaN in one text stays, and does not reach the others.
TEST_P(TileAttentionTest, NotANumberStaysInItsSequence) {
  const Heads shape{2, 64};
  const std::vector<Sequence> sequences = all_ask({5, 7, 20});
  Matrix qkv = random_rows(sequences, shape);
  qkv.row(6)[128 + 3] = std::numeric_limits<float>::quiet_NaN();  // a key of the first head
  const Matrix found = attend(sequences, shape, qkv, 0);
  for (int64_t r = 0; r < found.rows; ++r) {
    EXPECT_EQ(std::isnan(found.row(r)[0]), r >= 5 && r < 12) << r;
    EXPECT_FALSE(std::isnan(found.row(r)[64])) << r;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds,
                         TileAttentionTest,
                         testing::Values(Factors::fp16, Factors::bf16, Factors::fp32),
                         [](const testing::TestParamInfo<Factors>& kind) {
                           if (kind.param == Factors::fp32) {
                             return "fp32";
                           }
                           return kind.param == Factors::fp16 ? "fp16" : "bf16";
                         });

}  // namespace
}  // namespace fastintent::cuda
