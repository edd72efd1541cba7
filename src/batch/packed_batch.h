#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fastintent {

/// The only form of a batch: the tokens of all sequences one after the other, without padding.
/// starts [S+1]: the first token of each sequence and, last, the number of tokens.
struct PackedBatch {
  PackedBatch() = default;
  /// Where `padding_id` is an id, tokens with this id have position 0 and do not count; the others
  /// have the positions from 1 on, as RoBERTa numbers them. Else all have those from 0 on.
  explicit PackedBatch(std::optional<int32_t> padding_id) : padding_id_(padding_id) {}

  std::vector<int32_t> ids;        // [T]
  std::vector<int32_t> positions;  // [T], within each sequence
  std::vector<int32_t> starts{0};  // [S+1]

  int64_t tokens() const { return static_cast<int64_t>(ids.size()); }
  int64_t sequences() const { return static_cast<int64_t>(starts.size()) - 1; }

  void clear();
  /// Appends one sequence.
  void append(std::span<const int32_t> sequence);

 private:
  std::optional<int32_t> padding_id_;
};

}  // namespace fastintent
