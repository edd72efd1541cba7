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

/// Cuts sequences of the given lengths (in tokens), in order, into ranges with about equally many
/// tokens. The number of ranges is a multiple of `workers`, large enough that none holds more
/// than `token_budget` tokens (unless a single sequence does). No range is empty.
std::vector<SequenceRange> split_by_tokens(std::span<const int32_t> lengths,
                                           int64_t token_budget,
                                           int64_t workers);

}  // namespace fastintent
