#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fastintent {

/// Sequences [begin, end).
struct SequenceRange {
  int64_t begin = 0;
  int64_t end = 0;
};

/// Cuts sequences of the given lengths (in tokens), in order, into ranges of about equal tokens: as
/// many as a multiple of `workers` needs so that none holds more than `token_budget` tokens (unless
/// a single sequence does), and no empty ones.
std::vector<SequenceRange> split_by_tokens(std::span<const int32_t> lengths,
                                           int64_t token_budget,
                                           int64_t workers);

}  // namespace fastintent
