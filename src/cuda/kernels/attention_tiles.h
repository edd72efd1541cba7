#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "compute/operands.h"

namespace fastintent::cuda {

/// Whether a query attends to a key under a window (0: to all keys), by their positions in the
/// sequence.
constexpr bool sees(int32_t window, int32_t position, int32_t key) {
  return window == 0 || (key >= position - window && key <= position + window);
}

/// Some of the queries of one sequence, and all of its keys: rows of q, and rows of k and v.
struct AttentionTile {
  int32_t first_query;
  int32_t queries;  ///< 0: the tile is padding of a list
  int32_t first_key;
  int32_t keys;
  int32_t first_position;  ///< of first_query in its sequence
  int32_t window;          ///< keys on each side that a query attends to; 0: all

  /// Whether the query at `position` of the sequence attends to the key at `key`.
  constexpr bool sees(int32_t position, int32_t key) const {
    return cuda::sees(window, position, key);
  }
};

/// The largest number of tiles that any `sequences` with `rows` rows in all can have. A tile has at
/// most `most` rows, from one sequence: one tile for each sequence, and another for each `most`
/// rows beyond its first.
inline int64_t most_tiles(int64_t rows, int64_t sequences, int64_t most) {
  return sequences + std::max<int64_t>(0, rows - sequences) / most;
}

/// Tiles of at most `most_queries` that cover all queries, in their order.
inline std::vector<AttentionTile> attention_tiles(const AttentionSpans& spans,
                                                  int32_t most_queries,
                                                  int32_t window = 0) {
  std::vector<AttentionTile> tiles;
  for (size_t s = 0; s + 1 < spans.query_starts.size(); ++s) {
    const int32_t keys = spans.key_starts[s + 1] - spans.key_starts[s];
    const int32_t begin = spans.query_starts[s];
    const int32_t end = spans.query_starts[s + 1];
    for (int32_t first = begin; first < end; first += most_queries) {
      tiles.push_back({first,
                       std::min(most_queries, end - first),
                       spans.key_starts[s],
                       keys,
                       first - begin,
                       window});
    }
  }
  return tiles;
}

}  // namespace fastintent::cuda
