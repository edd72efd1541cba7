#pragma once

#include <cmath>

#include "cuda/kernels/attention_tiles.h"
#include "cuda/kernels/distance_bias.cuh"
#include "cuda/kernels/vectors.cuh"

// Attention of up to 16 queries and one head on the tensor cores. A group of warps, one or a
// complete block, copies the rows into shared memory, 16 bytes per thread, with zeros past the
// sequence's end, so that nothing else is ever read. It computes the scores of all keys there in
// f32, converts them in place to probabilities of 16 bits, and multiplies those by the values.
namespace fastintent::cuda {

/// The shared memory of a group. Strides exceed the columns by eight values, or four floats, so
/// that the eight rows of 16 bytes that a tile load reads at once have no bank conflict.
template <class Value, int kWidth, int kWarps>
struct TileShared {
  static constexpr int kRowStride = kWidth + 8;
  /// Keys in shared memory at a time: one tile per warp.
  static constexpr int kStep = kTile * kWarps;
  /// One warp stores the first values beside the first keys, so that a short text waits for memory
  /// once. If a group is a block of several warps, other blocks hide that wait, and the space is
  /// needed for scores.
  static constexpr bool kValuesBesideKeys = kWarps == 1;

  /// Scores of `keys` keys, later the result.
  static constexpr int score_stride(int keys) {
    const int columns = (keys + kTile - 1) / kTile * kTile;
    return (columns > kWidth ? columns : kWidth) + 4;
  }
  static constexpr int64_t bytes(int keys) {
    const int rows = kTile + kStep + (kValuesBesideKeys ? kStep : 0);
    return int64_t{kTile} * score_stride(keys) * static_cast<int64_t>(sizeof(float)) +
           int64_t{rows} * kRowStride * static_cast<int64_t>(sizeof(Value));
  }

  __device__ TileShared(unsigned char* begin, int most_keys)
      : stride(score_stride(most_keys)),
        scores(reinterpret_cast<float*>(begin)),
        queries(reinterpret_cast<Value*>(scores + kTile * stride)),
        keys(queries + kTile * kRowStride),
        values(kValuesBesideKeys ? keys + kStep * kRowStride : keys) {}

  int stride;  // of scores
  float* scores;
  Value* queries;
  Value* keys;
  Value* values;
};

/// Rows of queries, keys, values and results, on the device; strides in values.
template <class Value>
struct TileRows {
  const Value* q;
  int64_t q_stride;
  const Value* k;
  const Value* v;
  int64_t kv_stride;
  Value* out;
  int64_t out_stride;

  /// The rows from the tile's first ones and from column `column` on.
  __device__ TileRows at(const AttentionTile& tile, int64_t column) const {
    return {q + tile.first_query * q_stride + column,
            q_stride,
            k + tile.first_key * kv_stride + column,
            v + tile.first_key * kv_stride + column,
            kv_stride,
            out + tile.first_query * out_stride + column,
            out_stride};
  }
};

/// The threads of a group.
template <int kWarps>
struct TileGroup {
  static constexpr int kThreads = kWarps * kWarp;
  __device__ static int thread() { return static_cast<int>(threadIdx.x) % kThreads; }
  __device__ static int warp() { return thread() / kWarp; }
  __device__ static void barrier() {
    if constexpr (kWarps == 1) {
      warp_barrier();
    } else {
      block_barrier();
    }
  }
};

/// Loads rows into shared memory, at most kRows of them and at least one tile. A thread issues all
/// of its loads before it stores the first, for queries, keys and values together, so that it waits
/// for memory once.
template <class Value, int kWidth, int kWarps, int kRows>
class TileRowsOnTheirWay {
 public:
  /// Loads `count` rows, and zeros up to a complete tile.
  __device__ void load(const Value* from, int64_t stride, int count) {
    count_ = count;
    for (int m = 0; m < kMine; ++m) {
      const int row = row_of(m);
      if (row < count) {
        vectors_[m] = load_vector<kCount>(from + row * stride + column_of(m));
      } else {
        for (int c = 0; c < kCount; ++c) {
          vectors_[m].values[c] = from_float<Value>(0.0F);
        }
      }
    }
  }

  __device__ void store(Value* to) const {
    const int padded = (count_ + kTile - 1) / kTile * kTile;
    for (int m = 0; m < kMine; ++m) {
      if (row_of(m) >= padded) {
        continue;
      }
      store_vector_shared(
          to + row_of(m) * TileShared<Value, kWidth, kWarps>::kRowStride + column_of(m),
          vectors_[m]);
    }
  }

 private:
  using Group = TileGroup<kWarps>;
  static constexpr int kCount = static_cast<int>(kVectorBytes / sizeof(Value));
  static constexpr int kVectors = kWidth / kCount;  // per row
  static constexpr int kMine = (kRows * kVectors + Group::kThreads - 1) / Group::kThreads;

  __device__ static int row_of(int m) { return (Group::thread() + m * Group::kThreads) / kVectors; }
  __device__ static int column_of(int m) {
    return (Group::thread() + m * Group::kThreads) % kVectors * kCount;
  }

  Vector<Value, kCount> vectors_[kMine];
  int count_;
};

/// The scores of a row are summed as eight sums of exp, over keys 0, 8, .. , 1, 9, .. and so on,
/// whatever the number of lanes that share the row, so that its bits do not depend on that number.
/// Probabilities, half as wide, overwrite the scores: those of eight keys overwrite scores that
/// were read before, or in this round by the same warp.
template <class Value, int kWarps>
__device__ void softmax_rows(float* scores, int stride, int keys, float scale) {
  constexpr int kSums = 8;
  constexpr int kLanes = TileGroup<kWarps>::kThreads / kTile;  // per row
  constexpr int kMine = kSums / kLanes;
  static_assert(kMine * kLanes == kSums, "a warp has two lanes a row, four warps eight");
  const int row = TileGroup<kWarps>::thread() / kLanes;
  const int my_first = TileGroup<kWarps>::thread() % kLanes * kMine;
  const int padded = (keys + kTile - 1) / kTile * kTile;
  float* mine = scores + row * stride;

  float largest = -INFINITY;
  for (int key = my_first; key < padded; key += kSums) {
    for (int m = 0; m < kMine; ++m) {
      if (key + m < keys) {
        largest = fmaxf(largest, mine[key + m]);
      }
    }
  }
  for (int mask = 1; mask < kLanes; mask *= 2) {
    largest = fmaxf(largest, shuffle_xor(largest, mask));
  }

  float sums[kMine] = {};
  for (int key = my_first; key < padded; key += kSums) {
    for (int m = 0; m < kMine; ++m) {
      const float weight = key + m < keys ? expf((mine[key + m] - largest) * scale) : 0.0F;
      mine[key + m] = weight;
      sums[m] += weight;
    }
  }
  for (int width = 1; width < kMine; width *= 2) {
    for (int m = 0; m + width < kMine; m += 2 * width) {
      sums[m] += sums[m + width];
    }
  }
  float sum = sums[0];
  for (int mask = 1; mask < kLanes; mask *= 2) {
    sum += shuffle_xor(sum, mask);
  }
  const float inverse = 1.0F / sum;

  auto* probabilities = reinterpret_cast<Value*>(mine);
  for (int key = my_first; key < padded; key += kSums) {
    float weights[kMine];
    for (int m = 0; m < kMine; ++m) {
      weights[m] = mine[key + m] * inverse;
    }
    warp_barrier();
    for (int m = 0; m < kMine; ++m) {
      probabilities[key + m] = from_float<Value>(weights[m]);
    }
  }
}

/// Adds the distance bias to the scores of keys; as softmax_rows, each thread those that it reads
/// there.
template <int kWarps>
__device__ void add_distance_bias(const DistanceBiasOnDevice& bias,
                                  const AttentionTile& tile,
                                  int head,
                                  float root_width,
                                  float* scores,
                                  int stride) {
  constexpr int kLanes = TileGroup<kWarps>::kThreads / kTile;  // per row
  const int row = TileGroup<kWarps>::thread() / kLanes;
  const int first = TileGroup<kWarps>::thread() % kLanes * (8 / kLanes);
  for (int key = first; key < tile.keys; key += 8) {
    for (int m = 0; m < 8 / kLanes && key + m < tile.keys; ++m) {
      const int distance = key + m - (tile.first_position + row);
      scores[row * stride + key + m] += unscaled_bias(bias, distance, head, root_width);
    }
  }
}

/// Called by all threads of a group; the rows begin at the tile's first ones and the head's column.
template <class Value, int kWidth, int kWarps>
__device__ void attend_tile(const TileShared<Value, kWidth, kWarps>& shared,
                            const AttentionTile& tile,
                            const TileRows<Value>& rows,
                            const DistanceBiasOnDevice& bias,
                            int head) {
  const auto [q, q_stride, k, v, kv_stride, out, out_stride] = rows;
  using Group = TileGroup<kWarps>;
  using Shared = TileShared<Value, kWidth, kWarps>;
  constexpr int kRowStride = Shared::kRowStride;
  constexpr int kStep = Shared::kStep;
  const auto count_from = [&](int first) {
    return tile.keys - first < kStep ? tile.keys - first : kStep;
  };

  for (int first = 0; first < tile.keys; first += kStep) {
    const int count = count_from(first);
    TileRowsOnTheirWay<Value, kWidth, kWarps, kTile> queries;
    TileRowsOnTheirWay<Value, kWidth, kWarps, kStep> keys;
    TileRowsOnTheirWay<Value, kWidth, kWarps, kStep> values;
    keys.load(k + first * kv_stride, kv_stride, count);
    if (first == 0) {
      queries.load(q, q_stride, tile.queries);
      if (Shared::kValuesBesideKeys) {
        values.load(v, kv_stride, count);
      }
    }
    Group::barrier();  // no thread still reads what is overwritten next
    keys.store(shared.keys);
    if (first == 0) {
      queries.store(shared.queries);
      if (Shared::kValuesBesideKeys) {
        values.store(shared.values);
      }
    }
    Group::barrier();
    const int mine = Group::warp() * kTile;
    if (mine >= count) {
      continue;
    }
    TileSums sums;
    clear_tile(sums);
    for (int c = 0; c < kWidth; c += kTile) {
      TileA<Value> left;
      TileBTransposed<Value> right;
      load_tile(left, shared.queries + c, kRowStride);
      load_tile(right, shared.keys + mine * kRowStride + c, kRowStride);
      multiply_tiles(sums, left, right);
    }
    store_tile(shared.scores + first + mine, sums, shared.stride);
  }

  Group::barrier();
  const float root_width = sqrtf(static_cast<float>(kWidth));
  if (bias.rows > 0) {
    add_distance_bias<kWarps>(bias, tile, head, root_width, shared.scores, shared.stride);
  }
  softmax_rows<Value, kWarps>(shared.scores, shared.stride, tile.keys, 1.0F / root_width);
  Group::barrier();

  // A warp computes every kWarps-th tile of the result's columns.
  constexpr int kTiles = kWidth / kTile;
  constexpr int kMine = (kTiles + kWarps - 1) / kWarps;
  const auto* probabilities = reinterpret_cast<const Value*>(shared.scores);
  const int stride = 2 * shared.stride;  // of probabilities
  TileSums sums[kMine];
  for (TileSums& tile_sums : sums) {
    clear_tile(tile_sums);
  }
  for (int first = 0; first < tile.keys; first += kStep) {
    const int count = count_from(first);
    if (first > 0 || !Shared::kValuesBesideKeys) {
      TileRowsOnTheirWay<Value, kWidth, kWarps, kStep> values;
      values.load(v + first * kv_stride, kv_stride, count);
      Group::barrier();
      values.store(shared.values);
      Group::barrier();
    }
    for (int key = 0; key < count; key += kTile) {
      TileA<Value> left;
      load_tile(left, probabilities + first + key, stride);
      for (int t = 0; t < kMine; ++t) {
        const int column = (Group::warp() + t * kWarps) * kTile;
        if (column >= kWidth) {
          continue;
        }
        TileB<Value> right;
        load_tile(right, shared.values + key * kRowStride + column, kRowStride);
        multiply_tiles(sums[t], left, right);
      }
    }
  }

  Group::barrier();
  for (int t = 0; t < kMine; ++t) {
    const int column = (Group::warp() + t * kWarps) * kTile;
    if (column < kWidth) {
      store_tile(shared.scores + column, sums[t], shared.stride);
    }
  }
  Group::barrier();
  constexpr int kCount = static_cast<int>(kVectorBytes / sizeof(Value));
  constexpr int kVectors = kWidth / kCount;
  for (int i = Group::thread(); i < tile.queries * kVectors; i += Group::kThreads) {
    const int row = i / kVectors;
    const int column = i % kVectors * kCount;
    const auto result = load_vector<kCount>(shared.scores + row * shared.stride + column);
    Vector<Value, kCount> rounded;
    for (int c = 0; c < kCount; ++c) {
      rounded.values[c] = from_float<Value>(result.values[c]);
    }
    store_vector(out + row * out_stride + column, rounded);
  }
}

}  // namespace fastintent::cuda
