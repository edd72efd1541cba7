#include "text/normalize/replace.h"

#include <algorithm>
#include <utility>

#include "text/normalize/ascii.h"

namespace fastintent {
namespace {

// Whether a match of `pattern` may be on both sides of a cut, or beside it: between two ASCII letters
// or digits there is one space.
bool reaches_across(const std::string& pattern, size_t least) {
  const bool only_spaces = pattern == " " && least >= 2;
  return !only_spaces && std::any_of(pattern.begin(), pattern.end(), [](char c) {
    return c == ' ' || is_ascii_letter_or_digit(c);
  });
}

}  // namespace

Replace::Replace(std::string pattern, size_t least, std::string content)
    : pattern_(std::move(pattern)), least_(least), content_(std::move(content)) {
  for (size_t i = 0; i < std::max<size_t>(least, 1); ++i) {
    shortest_ += pattern_;
  }
  is_local_ = !reaches_across(pattern_, least_);
}

std::string_view Replace::apply(std::string_view text, TextBuffer& out) const {
  size_t found = text.find(shortest_);
  if (found == std::string_view::npos) {
    return text;
  }
  while (found != std::string_view::npos) {
    out.append(text.substr(0, found));
    out.append(content_);
    text.remove_prefix(found + shortest_.size());
    while (least_ > 0 && text.starts_with(pattern_)) {
      text.remove_prefix(pattern_.size());
    }
    found = text.find(shortest_);
  }
  out.append(text);
  return out.view();
}

}  // namespace fastintent
