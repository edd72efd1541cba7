#include "text/pieces/wordpiece.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace fastintent {
namespace {

using Pieces = std::vector<std::pair<std::string_view, int32_t>>;

// The tokens that begin with `prefix`, without it. The rest of a token may start anywhere in a
// word; an empty rest matches nothing.
Pieces with_prefix(const WordPieceOptions& options, std::string_view prefix) {
  Pieces pieces;
  pieces.reserve(options.vocabulary.size());
  for (const auto& [token, id] : options.vocabulary) {
    const std::string_view text = token;
    if (text.size() > prefix.size() && text.substr(0, prefix.size()) == prefix) {
      pieces.emplace_back(text.substr(prefix.size()), id);
    }
  }
  return pieces;
}

bool has_more_characters(std::string_view word, size_t limit) {
  return word.size() > limit &&
         static_cast<size_t>(std::count_if(
             word.begin(), word.end(), [](char c) { return !is_utf8_continuation(c); })) > limit;
}

}  // namespace

WordPiece::WordPiece(const WordPieceOptions& options)
    : starts_(with_prefix(options, "")),
      continuations_(with_prefix(options, options.continuation_prefix)),
      unknown_id_(options.vocabulary.find(options.unknown_token)),
      max_characters_(options.max_characters_per_word) {}

size_t WordPiece::append(std::string_view word, size_t room, std::vector<int32_t>& ids) const {
  const auto add = [&](int32_t id, size_t count) {
    if (count < room) {
      ids.push_back(id);
    }
    return count + 1;
  };
  if (has_more_characters(word, max_characters_)) {
    return add(unknown_id_, 0);
  }
  if (const int32_t id = starts_.find(word); id >= 0) {
    return add(id, 0);
  }
  const size_t before = ids.size();
  size_t count = 0;
  for (std::string_view rest = word; !rest.empty();) {
    const auto match = (count == 0 ? starts_ : continuations_).longest_prefix(rest);
    if (match.bytes == 0) {
      ids.resize(before);
      return add(unknown_id_, 0);
    }
    count = add(match.value, count);
    rest.remove_prefix(match.bytes);
  }
  return count;
}

}  // namespace fastintent
