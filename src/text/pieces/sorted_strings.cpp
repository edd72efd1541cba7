#include "text/pieces/sorted_strings.h"

#include <algorithm>

// The strings that share the first d bytes with the text are neighbours in sorted order: each byte
// narrows that range, and a string that ends at d is the first of it.

namespace fastintent {

SortedStrings::SortedStrings(std::vector<Entry> entries) : entries_(std::move(entries)) {
  std::sort(entries_.begin(), entries_.end());
  for (const auto& [text, value] : entries_) {
    starts_[static_cast<unsigned char>(text.front())] = true;
  }
  if (std::count(starts_.begin(), starts_.end(), true) == 1) {
    only_start_ =
        static_cast<int>(std::find(starts_.begin(), starts_.end(), true) - starts_.begin());
  }
}

SortedStrings::Match SortedStrings::longest_prefix(std::string_view text) const {
  Match longest;
  auto first = entries_.begin();
  auto last = entries_.end();
  for (size_t depth = 0; depth < text.size() && first != last; ++depth) {
    const auto byte_of = [depth](const Entry& entry) {
      return static_cast<unsigned char>(entry.first[depth]);
    };
    const auto wanted = static_cast<unsigned char>(text[depth]);
    first = std::lower_bound(first, last, wanted, [&](const Entry& entry, unsigned char byte) {
      return byte_of(entry) < byte;
    });
    last = std::upper_bound(first, last, wanted, [&](unsigned char byte, const Entry& entry) {
      return byte < byte_of(entry);
    });
    if (first != last && first->first.size() == depth + 1) {
      longest = {depth + 1, first->second};
      ++first;
    }
  }
  return longest;
}

size_t SortedStrings::next_candidate(std::string_view text, size_t start) const {
  if (entries_.empty()) {
    return text.size();
  }
  if (only_start_ >= 0) {
    return std::min(text.find(static_cast<char>(only_start_), start), text.size());
  }
  while (start < text.size() && !starts_[static_cast<unsigned char>(text[start])]) {
    ++start;
  }
  return start;
}

}  // namespace fastintent
