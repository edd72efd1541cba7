#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fastintent {

/// The only form of a batch: the tokens of all sequences one after the other, without padding.
/// starts [S+1]: the first token of each sequence and, last, the number of tokens.
struct PackedBatch {
  std::vector<int32_t> ids;        // [T]
  std::vector<int32_t> positions;  // [T], from 0 in each sequence
  std::vector<int32_t> starts{0};  // [S+1]

  int64_t tokens() const { return static_cast<int64_t>(ids.size()); }
  int64_t sequences() const { return static_cast<int64_t>(starts.size()) - 1; }

  void clear();
  /// Appends one sequence.
  void append(std::span<const int32_t> sequence);
};

}  // namespace fastintent
