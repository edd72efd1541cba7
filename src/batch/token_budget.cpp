#include "batch/token_budget.h"

#include <algorithm>
#include <numeric>

namespace fastintent {

std::vector<SequenceRange> split_by_tokens(std::span<const int32_t> lengths,
                                           int64_t token_budget,
                                           int64_t workers) {
  const auto sequences = static_cast<int64_t>(lengths.size());
  const int64_t tokens = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
  const int64_t rounds =
      std::max<int64_t>(1, (tokens + token_budget * workers - 1) / (token_budget * workers));
  // A range aims at its share of the remaining tokens, so one long sequence does not starve the
  // ranges after it.
  int64_t ranges_left = rounds * workers;
  int64_t tokens_left = tokens;
  std::vector<SequenceRange> ranges;
  for (int64_t begin = 0; begin < sequences;) {
    const int64_t share = (tokens_left + ranges_left - 1) / std::max<int64_t>(1, ranges_left);
    const int64_t limit = std::min(token_budget, std::max<int64_t>(1, share));
    int64_t end = begin;
    int64_t taken = 0;
    while (end < sequences) {
      const int64_t length = lengths[static_cast<size_t>(end)];
      const bool first = end == begin;
      // Add a sequence while at least half of it fits into the share.
      if (!first && (taken + length > token_budget || taken + length / 2 > limit)) {
        break;
      }
      taken += length;
      ++end;
    }
    ranges.push_back({begin, end});
    tokens_left -= taken;
    --ranges_left;
    begin = end;
  }
  return ranges;
}

}  // namespace fastintent
