#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/pieces/token_ids.h"

namespace fastintent {

/// Tokens and their ids, in the order in which they were added. A hash table over one contiguous
/// block of memory: a model's 30,000 tokens are read at every start.
class Vocabulary final : public TokenIds {
 public:
  using Entry = std::pair<std::string, int32_t>;

  /// Adds `token`, or changes its id. Ids are not negative.
  void set(std::string token, int32_t id);

  /// The id of `token`, or -1.
  int32_t find(std::string_view token) const override;

  size_t size() const override { return entries_.size(); }
  int32_t id_count() const override;
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  /// Of the entry with that token, or of the empty slot where it would be.
  size_t slot_of(std::string_view token) const;
  void grow();

  std::vector<Entry> entries_;
  std::vector<int32_t> slots_;  // index of the entry or -1; a power of two, linear probing
};

}  // namespace fastintent
