#include "cuda/batch_inputs.h"

#include <algorithm>
#include <bit>

#include "cuda/pieces.h"
#include "cuda/row_buckets.h"

namespace fastintent::cuda {
namespace {

constexpr int32_t kTileQueries = 16;  // the most that tile_attention accepts

int64_t longest_of(std::span<const int32_t> starts) {
  int32_t longest = 0;
  for (size_t s = 0; s + 1 < starts.size(); ++s) {
    longest = std::max(longest, starts[s + 1] - starts[s]);
  }
  return longest;
}

void fill(const BatchInputs& inputs,
          const TokenInputs& tokens,
          std::span<const int32_t> starts,
          const Ranking& ranking) {
  const size_t T = tokens.ids.size();
  const size_t S = starts.size() - 1;
  const std::vector<AttentionTile> tiles = attention_tiles({starts, starts}, kTileQueries);
  *inputs.counts = {
      static_cast<int32_t>(T), static_cast<int32_t>(S), static_cast<int32_t>(tiles.size())};
  *inputs.ranking = ranking;
  std::copy(tokens.ids.begin(), tokens.ids.end(), inputs.ids);
  std::copy(tokens.positions.begin(), tokens.positions.end(), inputs.positions);
  if (tokens.segments.empty()) {
    std::fill_n(inputs.segments, T, 0);
  } else {
    std::copy(tokens.segments.begin(), tokens.segments.end(), inputs.segments);
  }
  std::copy(starts.begin(), starts.end(), inputs.starts);
  std::copy(tiles.begin(), tiles.end(), inputs.tiles);
  for (size_t s = 0; s < S; ++s) {
    inputs.first_row_tiles[s] = {
        static_cast<int32_t>(s), 1, starts[s], starts[s + 1] - starts[s], 0, 0};
  }
}

}  // namespace

int64_t BatchBucket::most_tiles() const {
  // Complete tiles of all tokens, and a remainder for each sequence.
  return tokens / kTileQueries + sequences;
}

BatchBucket bucket_of(std::span<const int32_t> starts) {
  const auto longest = static_cast<uint64_t>(longest_of(starts));
  return {row_bucket(starts.back()),
          row_bucket(static_cast<int64_t>(starts.size()) - 1),
          std::max(kSmallestRowBucket, static_cast<int64_t>(std::bit_ceil(longest)))};
}

BatchInputs BatchInputs::in(std::byte* block, const BatchBucket& bucket) {
  Pieces pieces(block);
  BatchInputs inputs;
  inputs.counts = pieces.take_values<Counts>(1);
  inputs.ranking = pieces.take_values<Ranking>(1);
  inputs.ids = pieces.take_values<int32_t>(bucket.tokens);
  inputs.positions = pieces.take_values<int32_t>(bucket.tokens);
  inputs.segments = pieces.take_values<int32_t>(bucket.tokens);
  inputs.starts = pieces.take_values<int32_t>(bucket.sequences + 1);
  inputs.tiles = pieces.take_values<AttentionTile>(bucket.most_tiles());
  inputs.first_row_tiles = pieces.take_values<AttentionTile>(bucket.sequences);
  inputs.bytes = pieces.taken();
  return inputs;
}

std::byte* BatchUpload::free_memory(size_t bytes) {
  // A batch whose answers were downloaded has been waited for; one that failed midway has not.
  if (used_at_ == workspace_.waits) {
    workspace_.synchronize();
  }
  if (memory_.size() < bytes) {
    // Twice as much as before, so that slowly growing batches do not allocate each time.
    const size_t roomy = std::max(bytes, 2 * memory_.size());
    memory_ = PinnedMemory();
    memory_ = PinnedMemory(roomy);
  }
  used_at_ = workspace_.waits;
  return memory_.get();
}

void BatchUpload::send(const TokenInputs& tokens,
                       std::span<const int32_t> starts,
                       const Ranking& ranking,
                       const BatchBucket& bucket,
                       std::byte* block) {
  const size_t bytes = BatchInputs::in(nullptr, bucket).bytes;
  std::byte* host = free_memory(bytes);
  fill(BatchInputs::in(host, bucket), tokens, starts, ranking);
  workspace_.stream.upload(host, block, bytes);
}

}  // namespace fastintent::cuda
