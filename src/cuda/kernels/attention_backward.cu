#include <cmath>

#include "cuda/kernels/attend.cuh"
#include "cuda/kernels/attention.h"
#include "cuda/kernels/attention_launch.h"

// With P the probabilities and D dropout: d_v = D(P)ᵀ · d_out, dP = D(d_out · vᵀ),
// dS = P · (dP - sum_j P_j dP_j), d_q = dS · k / sqrt(width), d_k = dSᵀ · q / sqrt(width).
// Two kernels, so that every sum is one thread's, in a fixed order: a block of the first has a tile
// of queries, passes over their keys and makes d_q and what a query's probabilities depend on; one
// of the second has a tile of keys and passes over their queries. Both compute scores and d_out · vᵀ
// again: 512 x 512 are sixteen blocks a head, and the price is two products of seven.
namespace fastintent::cuda {
namespace {

/// What all keys say of one query and head.
struct QueryStatistics {
  float largest;      // score
  float inverse_sum;  // of exp(score - largest)
  float mean_d;       // sum_j P_j dP_j
};

/// Some of the keys of one sequence, and all of its queries.
struct KeyTile {
  int32_t first_key;
  int32_t keys;
  int32_t first_position;  // of first_key in its sequence
  int32_t first_query;
  int32_t queries;
};

/// Rows of one side: q and d_out, or k and v.
struct Side {
  HeadRows<float> factor;  // of scores
  HeadRows<float> other;   // of the gradients of probabilities
};

/// The chunks of a block in shared memory.
template <int kWarps, int kColumns>
struct Chunks {
  float* row_factors = shared_memory<float>();
  float* row_others = row_factors + kWarps * kWarpRows * kChunkStride<kColumns>;
  float* lane_factors = row_others + kWarps * kWarpRows * kChunkStride<kColumns>;
  float* lane_others = lane_factors + kWarp * kChunkStride<kColumns>;
  float* rest = lane_others + kWarp * kChunkStride<kColumns>;
};

/// `weights` arrays of [rows of the block][kWarp] follow the chunks.
template <int kWarps, int kColumns>
constexpr int64_t shared_bytes(int weights) {
  return (2 * (kWarps * kWarpRows + kWarp) * kChunkStride<kColumns> +
          weights * kWarps * kWarpRows * kWarp) *
         static_cast<int64_t>(sizeof(float));
}

/// Scores (before their scale) and d_out · v of the warp's rows with the lane's row. `rows` and
/// `lanes` begin at the first row of each and at column 0. The chunk that the block makes comes
/// last, so that it lies there afterwards. All threads of the block.
template <int kWarps, int kColumns>
__device__ void multiply_sides(const Chunks<kWarps, kColumns>& shared,
                               const Side& rows,
                               int row_count,
                               bool rows_are_there,
                               const Side& lanes,
                               int lane_count,
                               const HeadChunk& at,
                               float (&scores)[kWarpRows],
                               float (&d_weights)[kWarpRows]) {
  constexpr int kThreads = kWarps * kWarp;
  constexpr int kChunk = kChunkColumns<kColumns>;
  const int my_row = static_cast<int>(threadIdx.x) / kWarp * kWarpRows * kChunkStride<kColumns>;
  const int lane_row = static_cast<int>(threadIdx.x) % kWarp * kChunkStride<kColumns>;
  for (int r = 0; r < kWarpRows; ++r) scores[r] = d_weights[r] = 0;
  for (int step = 1; step <= at.chunks; ++step) {
    const int first = (at.chunk + step) % at.chunks * kChunk;
    const int columns = at.width - first < kChunk ? at.width - first : kChunk;
    const int column = at.head * at.width + first;
    block_barrier();  // nobody reads any more what is overwritten now
    if (!rows_are_there || at.chunks > 1) {
      load_chunk<kThreads, kColumns>(
          shared.row_factors, rows.factor.at(0, column), row_count, columns);
      load_chunk<kThreads, kColumns>(
          shared.row_others, rows.other.at(0, column), row_count, columns);
    }
    load_chunk<kThreads, kColumns>(
        shared.lane_factors, lanes.factor.at(0, column), lane_count, columns);
    load_chunk<kThreads, kColumns>(
        shared.lane_others, lanes.other.at(0, column), lane_count, columns);
    block_barrier();
    add_row_products<kColumns>(
        scores, shared.row_factors + my_row, shared.lane_factors + lane_row, columns);
    add_row_products<kColumns>(
        d_weights, shared.row_others + my_row, shared.lane_others + lane_row, columns);
  }
}

/// Which tile and which of its parts a block has.
struct Part {
  int tile;
  HeadChunk at;
};
__device__ Part part_of_block(HeadChunk shape) {
  int index = static_cast<int>(blockIdx.x);
  shape.chunk = index % shape.chunks;
  index /= shape.chunks;
  shape.head = index % shape.heads;
  return {index / shape.heads, shape};
}

/// The warp's rows of a result.
template <int kColumns>
__device__ void store_rows(const float (&sums)[kWarpRows][kColumns],
                           int count,
                           const HeadChunk& at,
                           int64_t first_row,
                           const Tensor& out) {
  const int first = static_cast<int>(threadIdx.x) / kWarp * kWarpRows;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  for (int r = 0; r < kWarpRows; ++r) {
    for (int i = 0; i < kColumns; ++i) {
      const int column = at.chunk * kChunkColumns<kColumns> + lane + i * kWarp;
      if (first + r < count && column < at.width)
        out.row(first_row + first + r)[at.head * at.width + column] = sums[r][i];
    }
  }
}

template <int kWarps, int kColumns>
__global__ void query_gradients_kernel(Side queries,
                                       Side keys,
                                       const AttentionTile* tiles,
                                       HeadChunk shape,
                                       Dropout dropout,
                                       QueryStatistics* statistics,
                                       Tensor d_q) {
  const Part part = part_of_block(shape);
  const AttentionTile tile = tiles[part.tile];
  const HeadChunk& at = part.at;
  const int first_row = static_cast<int>(threadIdx.x) / kWarp * kWarpRows;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const float scale = 1.0F / sqrtf(static_cast<float>(at.width));
  const Chunks<kWarps, kColumns> shared;
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
      d_weights[r] *= dropout_factor(
          dropout, attention_dropout_index(query, at.heads, at.head, first + lane));
    }
  };

  QueryStatistics rows_statistics[kWarpRows];
  for (QueryStatistics& row : rows_statistics) row = {-INFINITY, 0, 0};
  for (int first = 0; first < tile.keys; first += kWarp) {
    const int count = tile.keys - first < kWarp ? tile.keys - first : kWarp;
    multiply(first, count);
    for (int r = 0; r < kWarpRows; ++r) {
      QueryStatistics& row = rows_statistics[r];
      const float score = lane < count ? scores[r] : -INFINITY;
      const float largest = fmaxf(row.largest, warp_max(score));
      const float rescale = expf((row.largest - largest) * scale);
      const float weight = lane < count ? expf((score - largest) * scale) : 0.0F;
      row.largest = largest;
      // Sums of the lane so far.
      row.inverse_sum = fmaf(row.inverse_sum, rescale, weight);
      row.mean_d = fmaf(row.mean_d, rescale, lane < count ? weight * d_weights[r] : 0.0F);
    }
  }
  for (int r = 0; r < kWarpRows; ++r) {
    QueryStatistics& row = rows_statistics[r];
    row.inverse_sum = 1.0F / warp_sum(row.inverse_sum);
    row.mean_d = warp_sum(row.mean_d) * row.inverse_sum;
    if (at.chunk == 0 && lane == 0 && first_row + r < tile.queries)
      statistics[int64_t{tile.first_query + first_row + r} * at.heads + at.head] = row;
  }

  float sums[kWarpRows][kColumns] = {};
  for (int first = 0; first < tile.keys; first += kWarp) {
    const int count = tile.keys - first < kWarp ? tile.keys - first : kWarp;
    // Of a short sequence all of it is there still.
    if (tile.keys > kWarp) multiply(first, count);
    for (int r = 0; r < kWarpRows; ++r) {
      const QueryStatistics& row = rows_statistics[r];
      const float probability = expf((scores[r] - row.largest) * scale) * row.inverse_sum;
      weights[r * kWarp + lane] =
          lane < count ? probability * (d_weights[r] - row.mean_d) * scale : 0.0F;
    }
    warp_barrier();
    add_weighted_rows<kColumns>(sums, weights, shared.lane_factors, count);
    warp_barrier();
  }
  store_rows<kColumns>(sums, tile.queries, at, tile.first_query, d_q);
}

template <int kWarps, int kColumns>
__global__ void key_gradients_kernel(Side queries,
                                     Side keys,
                                     const KeyTile* tiles,
                                     HeadChunk shape,
                                     Dropout dropout,
                                     const QueryStatistics* statistics,
                                     Tensor d_k,
                                     Tensor d_v) {
  const Part part = part_of_block(shape);
  const KeyTile tile = tiles[part.tile];
  const HeadChunk& at = part.at;
  const int first_row = static_cast<int>(threadIdx.x) / kWarp * kWarpRows;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const float scale = 1.0F / sqrtf(static_cast<float>(at.width));
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
      const float factor = dropout_factor(
          dropout, attention_dropout_index(query, at.heads, at.head, position));
      const float probability =
          expf((scores[r] - of_query.largest) * scale) * of_query.inverse_sum;
      const float d_score = probability * (d_weights[r] * factor - of_query.mean_d) * scale;
      weights[r * kWarp + lane] = lane < count ? probability * factor : 0.0F;
      d_scores[r * kWarp + lane] = lane < count ? d_score : 0.0F;
    }
    warp_barrier();
    add_weighted_rows<kColumns>(v_sums, weights, shared.lane_others, count);
    add_weighted_rows<kColumns>(k_sums, d_scores, shared.lane_factors, count);
    warp_barrier();
  }
  store_rows<kColumns>(k_sums, tile.keys, at, tile.first_key, d_k);
  store_rows<kColumns>(v_sums, tile.keys, at, tile.first_key, d_v);
}

/// Tiles of at most `most_keys` that cover all keys, also those that nobody asks.
std::vector<KeyTile> key_tiles(const AttentionSpans& spans, int32_t most_keys) {
  std::vector<KeyTile> tiles;
  for (size_t s = 0; s + 1 < spans.key_starts.size(); ++s) {
    const int32_t begin = spans.key_starts[s];
    const int32_t end = spans.key_starts[s + 1];
    const int32_t queries = spans.query_starts[s + 1] - spans.query_starts[s];
    for (int32_t first = begin; first < end; first += most_keys) {
      tiles.push_back(
          {first, std::min(most_keys, end - first), first - begin, spans.query_starts[s], queries});
    }
  }
  return tiles;
}

HeadRows<float> head_rows(ConstTensor tensor, int64_t width) {
  return {tensor.data, tensor.stride, heads_are_vectors(tensor.data, tensor.stride, width)};
}

}  // namespace

void attention_backward(Workspace& workspace,
                        ConstTensor q,
                        ConstTensor k,
                        ConstTensor v,
                        const AttentionSpans& spans,
                        int64_t heads,
                        const Dropout& dropout,
                        ConstTensor d_out,
                        Tensor d_q,
                        Tensor d_k,
                        Tensor d_v) {
  if (k.rows == 0) return;
  const int64_t width = q.columns / heads;
  const auto sequences = static_cast<int64_t>(spans.key_starts.size()) - 1;
  const Side queries{head_rows(q, width), head_rows(d_out, width)};
  const Side keys{head_rows(k, width), head_rows(v, width)};
  auto* statistics = workspace.scratch.of<QueryStatistics>(q.rows * heads);
  const auto shape_of = [&](int64_t chunks) {
    return HeadChunk{
        static_cast<int>(heads), 0, static_cast<int>(width), static_cast<int>(chunks), 0};
  };
  if (q.rows > 0) {
    with_attention_shape(attention_warps(q.rows, sequences), width, [&](auto warps, auto columns) {
      constexpr int kWarps = decltype(warps)::value;
      constexpr int kColumns = decltype(columns)::value;
      const int64_t chunks = divide_up(width, kChunkColumns<kColumns>);
      const std::vector<AttentionTile> tiles = attention_tiles(spans, kWarps * kWarpRows);
      launch(workspace.stream,
             query_gradients_kernel<kWarps, kColumns>,
             Launch{static_cast<int64_t>(tiles.size()) * heads * chunks,
                    kWarps * kWarp,
                    shared_bytes<kWarps, kColumns>(1)},
             queries,
             keys,
             workspace.arrays.on_device(std::span<const AttentionTile>(tiles)),
             shape_of(chunks),
             dropout,
             statistics,
             d_q);
    });
  }
  with_attention_shape(attention_warps(k.rows, sequences), width, [&](auto warps, auto columns) {
    constexpr int kWarps = decltype(warps)::value;
    constexpr int kColumns = decltype(columns)::value;
    const int64_t chunks = divide_up(width, kChunkColumns<kColumns>);
    const std::vector<KeyTile> tiles = key_tiles(spans, kWarps * kWarpRows);
    launch(workspace.stream,
           key_gradients_kernel<kWarps, kColumns>,
           Launch{static_cast<int64_t>(tiles.size()) * heads * chunks,
                  kWarps * kWarp,
                  shared_bytes<kWarps, kColumns>(2)},
           queries,
           keys,
           workspace.arrays.on_device(std::span<const KeyTile>(tiles)),
           shape_of(chunks),
           dropout,
           statistics,
           d_k,
           d_v);
  });
}

}  // namespace fastintent::cuda
