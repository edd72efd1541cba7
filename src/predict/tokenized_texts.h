#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fastintent {

/// Concatenated token ids of some texts.
struct TokenizedTexts {
  std::vector<int32_t> ids;
  std::vector<int32_t> lengths;  // by text
  std::vector<size_t> starts;    // by text: its first id
  std::vector<char> truncated;   // by text: it had more tokens than the model accepts

  size_t size() const { return lengths.size(); }
  std::span<const int32_t> tokens(size_t text) const {
    return std::span(ids).subspan(starts[text], static_cast<size_t>(lengths[text]));
  }
};

}  // namespace fastintent
