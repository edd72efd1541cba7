#include <cmath>

#include "cuda/kernels/attend.cuh"
#include "cuda/kernels/attention.h"
#include "cuda/kernels/attention_sides.cuh"
#include "cuda/kernels/attention_tiles.h"
#include "cuda/kernels/distance_bias.cuh"
#include "cuda/kernels/dropout_mask.cuh"
#include "cuda/kernels/sums.h"
#include "cuda/kernels/warp_sums.cuh"

// With P the probabilities and D dropout:
//   d_v = D(P)ᵀ · d_out
//   dP = D(d_out · vᵀ)
//   dS = P · (dP - sum_j P_j dP_j)
//   d_q = dS · k / sqrt(width)
//   d_k = dSᵀ · q / sqrt(width)
//   d_bias = the sums of dS by bucket, of each warp first, then of all
// There are two kernels, so that every sum is computed by one thread in a fixed order. A block of
// the first has a tile of queries, passes over their keys and computes d_q and the values on which
// a query's probabilities depend. A block of the second has a tile of keys and passes over their
// queries. Both recompute scores and d_out · vᵀ, which costs two products of seven; 512 x 512
// scores are sixteen blocks per head.
namespace fastintent::cuda {
namespace {

// What the second kernel needs of one query and head: values that depend on all keys.
struct QueryStatistics {
  float largest;      // score
  float inverse_sum;  // of exp(score - largest)
  float mean_d;       // sum_j P_j dP_j
};

// Some of the keys of one sequence, and all of its queries.
struct KeyTile {
  int32_t first_key;
  int32_t keys;            // 0: the tile is padding of a list
  int32_t first_position;  // of first_key in its sequence
  int32_t first_query;
  int32_t queries;
  int32_t window;  // as in AttentionTile
};

template <int kWarps, int kColumns>
__global__ void query_gradients_kernel(Side queries,
                                       Side keys,
                                       const AttentionTile* tiles,
                                       HeadChunk shape,
                                       DropoutOnDevice dropout_on_device,
                                       DistanceBiasOnDevice bias,
                                       QueryStatistics* statistics,
                                       float* bias_sums,
                                       Tensor d_q) {
  const AttentionTile tile = tiles[shape.tile(blockIdx.x)];
  const HeadChunk at = shape.at(blockIdx.x);
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const int first_row = warp * kWarpRows;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const Chunks<kWarps, kColumns> shared;
  // Each warp's gradient of the bias: one of the head's chunks computes it.
  const bool sums_bias = bias.rows > 0 && at.chunk == 0;
  float* my_bias_sums = shared.rest + kWarps * kWarpRows * kWarp + warp * bias_floats(bias);
  bias_sums += (shape.tile(blockIdx.x) * kWarps + warp) * bias.rows * bias.heads;
  for (int bucket = lane; sums_bias && bucket < bias.rows; bucket += kWarp) {
    my_bias_sums[bucket] = 0;
    bias_sums[bucket * bias.heads + at.head] = 0;
  }
  if (tile.queries == 0) {
    return;
  }
  const DropoutMask dropout(dropout_on_device);
  const float root_width = sqrtf(static_cast<float>(at.width));
  const float scale = 1.0F / root_width;
  float* weights = shared.rest + first_row * kWarp;
  const Side rows{queries.factor.at(tile.first_query, 0), queries.other.at(tile.first_query, 0)};

  float scores[kWarpRows];
  float d_weights[kWarpRows];
  const auto multiply = [&](int first, int count) {
    const Side lanes{keys.factor.at(tile.first_key + first, 0),
                     keys.other.at(tile.first_key + first, 0)};
    multiply_sides<kWarps, kColumns>(
        shared, rows, tile.queries, first > 0, lanes, count, at, scores, d_weights);
    for (int r = 0; r < kWarpRows; ++r) {
      const int64_t query = tile.first_query + first_row + r;
      d_weights[r] =
          dropout(d_weights[r], attention_dropout_index(query, at.heads, at.head, first + lane));
      if (bias.rows > 0) {
        const int distance = first + lane - (tile.first_position + first_row + r);
        scores[r] += unscaled_bias(bias, distance, at.head, root_width);
      }
    }
  };

  // Whether the lane has a key of the tile, counted from `first`, that row r attends to.
  const auto sees = [&](int r, int first) {
    const int key = first + lane;
    return key < tile.keys && tile.sees(tile.first_position + first_row + r, key);
  };

  QueryStatistics rows_statistics[kWarpRows];
  for (QueryStatistics& row : rows_statistics) {
    row = {kLowestScore, 0, 0};
  }
  for (int first = 0; first < tile.keys; first += kWarp) {
    const int count = tile.keys - first < kWarp ? tile.keys - first : kWarp;
    multiply(first, count);
    for (int r = 0; r < kWarpRows; ++r) {
      QueryStatistics& row = rows_statistics[r];
      const bool seen = sees(r, first);
      const float score = seen ? scores[r] : kLowestScore;
      const float largest = fmaxf(row.largest, warp_max(score));
      const float rescale = expf((row.largest - largest) * scale);
      const float weight = seen ? expf((score - largest) * scale) : 0.0F;
      row.largest = largest;
      // The lane's sums so far.
      row.inverse_sum = fmaf(row.inverse_sum, rescale, weight);
      row.mean_d = fmaf(row.mean_d, rescale, seen ? weight * d_weights[r] : 0.0F);
    }
  }
  for (int r = 0; r < kWarpRows; ++r) {
    QueryStatistics& row = rows_statistics[r];
    row.inverse_sum = 1.0F / warp_sum(row.inverse_sum);
    row.mean_d = warp_sum(row.mean_d) * row.inverse_sum;
    if (at.chunk == 0 && lane == 0 && first_row + r < tile.queries) {
      statistics[int64_t{tile.first_query + first_row + r} * at.heads + at.head] = row;
    }
  }

  float sums[kWarpRows][kColumns] = {};
  for (int first = 0; first < tile.keys; first += kWarp) {
    const int count = tile.keys - first < kWarp ? tile.keys - first : kWarp;
    // A short sequence is still there completely.
    if (tile.keys > kWarp) {
      multiply(first, count);
    }
    for (int r = 0; r < kWarpRows; ++r) {
      const QueryStatistics& row = rows_statistics[r];
      const float probability = expf((scores[r] - row.largest) * scale) * row.inverse_sum;
      weights[r * kWarp + lane] =
          sees(r, first) ? probability * (d_weights[r] - row.mean_d) * scale : 0.0F;
    }
    warp_barrier();
    add_weighted_rows<kColumns>(sums, weights, shared.lane_factors, count);
    if (sums_bias) {
      add_bias_gradients(bias,
                         weights,
                         tile.queries - first_row,
                         first - (tile.first_position + first_row),
                         my_bias_sums);
    }
    warp_barrier();
  }
  store_rows<kColumns>(sums, tile.queries, at, tile.first_query, d_q);
  for (int bucket = lane; sums_bias && bucket < bias.rows; bucket += kWarp) {
    bias_sums[bucket * bias.heads + at.head] = my_bias_sums[bucket] * root_width;
  }
}

template <int kWarps, int kColumns>
__global__ void key_gradients_kernel(Side queries,
                                     Side keys,
                                     const KeyTile* tiles,
                                     HeadChunk shape,
                                     DropoutOnDevice dropout_on_device,
                                     DistanceBiasOnDevice bias,
                                     const QueryStatistics* statistics,
                                     Tensor d_k,
                                     Tensor d_v) {
  const KeyTile tile = tiles[shape.tile(blockIdx.x)];
  if (tile.keys == 0) {
    return;
  }
  const DropoutMask dropout(dropout_on_device);
  const HeadChunk at = shape.at(blockIdx.x);
  const int first_row = static_cast<int>(threadIdx.x) / kWarp * kWarpRows;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const float root_width = sqrtf(static_cast<float>(at.width));
  const float scale = 1.0F / root_width;
  const Chunks<kWarps, kColumns> shared;
  float* weights = shared.rest + first_row * kWarp;
  float* d_scores = weights + kWarps * kWarpRows * kWarp;
  const Side rows{keys.factor.at(tile.first_key, 0), keys.other.at(tile.first_key, 0)};

  float k_sums[kWarpRows][kColumns] = {};
  float v_sums[kWarpRows][kColumns] = {};
  for (int first = 0; first < tile.queries; first += kWarp) {
    const int count = tile.queries - first < kWarp ? tile.queries - first : kWarp;
    const Side lanes{queries.factor.at(tile.first_query + first, 0),
                     queries.other.at(tile.first_query + first, 0)};
    float scores[kWarpRows];
    float d_weights[kWarpRows];
    multiply_sides<kWarps, kColumns>(
        shared, rows, tile.keys, first > 0, lanes, count, at, scores, d_weights);
    const int64_t query = tile.first_query + first + lane;
    const QueryStatistics of_query =
        lane < count ? statistics[query * at.heads + at.head] : QueryStatistics{0, 0, 0};
    for (int r = 0; r < kWarpRows; ++r) {
      const int position = tile.first_position + first_row + r;
      if (bias.rows > 0) {
        scores[r] += unscaled_bias(bias, position - (first + lane), at.head, root_width);
      }
      const bool seen = lane < count && sees(tile.window, first + lane, position);
      const float factor =
          dropout(1.0F, attention_dropout_index(query, at.heads, at.head, position));
      const float probability = expf((scores[r] - of_query.largest) * scale) * of_query.inverse_sum;
      const float d_score = probability * (d_weights[r] * factor - of_query.mean_d) * scale;
      weights[r * kWarp + lane] = seen ? probability * factor : 0.0F;
      d_scores[r * kWarp + lane] = seen ? d_score : 0.0F;
    }
    warp_barrier();
    add_weighted_rows<kColumns>(v_sums, weights, shared.lane_others, count);
    add_weighted_rows<kColumns>(k_sums, d_scores, shared.lane_factors, count);
    warp_barrier();
  }
  store_rows<kColumns>(k_sums, tile.keys, at, tile.first_key, d_k);
  store_rows<kColumns>(v_sums, tile.keys, at, tile.first_key, d_v);
}

// The warps of the first kernel, at most.
int64_t most_query_warps(int64_t rows, int64_t sequences) {
  const int warps = attention_warps(std::max<int64_t>(1, rows), std::max<int64_t>(1, sequences));
  return most_tiles(rows, sequences, warps * kWarpRows) * warps;
}

// Tiles of at most `most_keys` that cover all keys, including those that no query attends to.
std::vector<KeyTile> key_tiles(const AttentionSpans& spans, int32_t most_keys, int32_t window) {
  std::vector<KeyTile> tiles;
  for (size_t s = 0; s + 1 < spans.key_starts.size(); ++s) {
    const int32_t begin = spans.key_starts[s];
    const int32_t end = spans.key_starts[s + 1];
    const int32_t queries = spans.query_starts[s + 1] - spans.query_starts[s];
    for (int32_t first = begin; first < end; first += most_keys) {
      tiles.push_back({first,
                       std::min(most_keys, end - first),
                       first - begin,
                       spans.query_starts[s],
                       queries,
                       window});
    }
  }
  return tiles;
}

// Queries and keys with what each is multiplied by, and the bias, for both kernels.
struct BackwardSides {
  Side queries;
  Side keys;
  DistanceBiasOnDevice bias;
};

void launch_query_gradients(Workspace& workspace,
                            const AttentionOperands& operands,
                            const BackwardSides& sides,
                            QueryStatistics* statistics,
                            float* bias_sums,
                            const AttentionGradient& gradient) {
  const AttentionSpans& spans = operands.spans;
  const int64_t rows = operands.q.rows;
  const int64_t width = operands.q.columns / operands.heads;
  const auto sequences = static_cast<int64_t>(spans.key_starts.size()) - 1;
  const auto window = static_cast<int32_t>(operands.window);
  with_attention_shape(attention_warps(rows, sequences), width, [&](auto warps, auto columns) {
    constexpr int kWarps = decltype(warps)::value;
    constexpr int kColumns = decltype(columns)::value;
    const HeadChunk shape = head_chunks<kColumns>(operands.heads, width);
    std::vector<AttentionTile> tiles = attention_tiles(spans, kWarps * kWarpRows, window);
    tiles.resize(static_cast<size_t>(most_tiles(rows, sequences, kWarps * kWarpRows)));
    launch(workspace.stream,
           query_gradients_kernel<kWarps, kColumns>,
           Launch{blocks_for(static_cast<int64_t>(tiles.size()), shape),
                  kWarps * kWarp,
                  sides_bytes<kWarps, kColumns>(1) +
                      kWarps * bias_floats(sides.bias) * static_cast<int64_t>(sizeof(float))},
           sides.queries,
           sides.keys,
           workspace.arrays.on_device(std::span<const AttentionTile>(tiles)),
           shape,
           DropoutOnDevice(workspace, operands.dropout),
           sides.bias,
           statistics,
           bias_sums,
           gradient.d_q);
    if (sides.bias.rows > 0) {
      add_partial_sums(workspace,
                       bias_sums,
                       static_cast<int64_t>(tiles.size()) * kWarps,
                       Write::accumulate,
                       gradient.d_distance_bias.flat(),
                       {});
    }
  });
}

void launch_key_gradients(Workspace& workspace,
                          const AttentionOperands& operands,
                          const BackwardSides& sides,
                          const QueryStatistics* statistics,
                          const AttentionGradient& gradient) {
  const AttentionSpans& spans = operands.spans;
  const int64_t rows = operands.k.rows;
  const int64_t width = operands.k.columns / operands.heads;
  const auto sequences = static_cast<int64_t>(spans.key_starts.size()) - 1;
  const auto window = static_cast<int32_t>(operands.window);
  with_attention_shape(attention_warps(rows, sequences), width, [&](auto warps, auto columns) {
    constexpr int kWarps = decltype(warps)::value;
    constexpr int kColumns = decltype(columns)::value;
    const HeadChunk shape = head_chunks<kColumns>(operands.heads, width);
    std::vector<KeyTile> tiles = key_tiles(spans, kWarps * kWarpRows, window);
    tiles.resize(static_cast<size_t>(most_tiles(rows, sequences, kWarps * kWarpRows)));
    launch(workspace.stream,
           key_gradients_kernel<kWarps, kColumns>,
           Launch{blocks_for(static_cast<int64_t>(tiles.size()), shape),
                  kWarps * kWarp,
                  sides_bytes<kWarps, kColumns>(2)},
           sides.queries,
           sides.keys,
           workspace.arrays.on_device(std::span<const KeyTile>(tiles)),
           shape,
           DropoutOnDevice(workspace, operands.dropout),
           sides.bias,
           statistics,
           gradient.d_k,
           gradient.d_v);
  });
}

}  // namespace

void attention_backward(Workspace& workspace,
                        const AttentionOperands& operands,
                        ConstTensor d_out,
                        const AttentionGradient& gradient) {
  const ConstTensor q = operands.q;
  const ConstTensor k = operands.k;
  if (k.rows == 0) {
    return;
  }
  const int64_t width = q.columns / operands.heads;
  const BackwardSides sides{{head_rows(q, width), head_rows(d_out, width)},
                            {head_rows(k, width), head_rows(operands.v, width)},
                            on_device(operands.distance_bias,
                                      workspace.arrays.on_device(operands.distance_bias.buckets))};
  // Behind the statistics: sums of the bias's gradient for each warp of the first kernel.
  constexpr auto kFloats = static_cast<int64_t>(sizeof(QueryStatistics) / sizeof(float));
  const int64_t statistics_floats = q.rows * operands.heads * kFloats;
  const auto sequences = static_cast<int64_t>(operands.spans.key_starts.size()) - 1;
  const int64_t sums_floats = most_query_warps(q.rows, sequences) * gradient.d_distance_bias.size();
  auto* scratch = workspace.scratch.of<float>(statistics_floats + sums_floats);
  auto* statistics = reinterpret_cast<QueryStatistics*>(scratch);
  if (q.rows > 0) {
    launch_query_gradients(
        workspace, operands, sides, statistics, scratch + statistics_floats, gradient);
  }
  launch_key_gradients(workspace, operands, sides, statistics, gradient);
}

}  // namespace fastintent::cuda
