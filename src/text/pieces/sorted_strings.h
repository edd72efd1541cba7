#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fastintent {

/// A set of non-empty strings, each with a number; finds the longest one that starts a text.
///
/// Immutable: safe from many threads.
class SortedStrings {
 public:
  using Entry = std::pair<std::string, int32_t>;

  struct Match {
    size_t bytes = 0;  ///< 0: no string starts the text
    int32_t value = 0;
  };

  SortedStrings() = default;
  explicit SortedStrings(std::vector<Entry> entries);

  Match longest_prefix(std::string_view text) const;

  /// The first position from `start` on where a string may start; text.size() if there is none.
  size_t next_candidate(std::string_view text, size_t start) const;

  /// The entries in order of their strings.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;
  std::array<bool, 256> starts_{};  // by first byte
  int only_start_ = -1;             // the one first byte that all have, or -1
};

}  // namespace fastintent
