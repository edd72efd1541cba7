#include "base/white_space.h"

#include <algorithm>
#include <array>

#include "fastintent/dataset.h"

namespace fastintent {

namespace {

// Code points encoded in UTF-8 as `lead` and one byte from `first` to `last`.
struct WhiteSpace {
  std::string_view lead;
  unsigned char first;
  unsigned char last;
};

// The Unicode property White_Space (PropList.txt); stable since Unicode 6.3.
constexpr std::array kWhiteSpace = {
    WhiteSpace{"", 0x09, 0x0d},          // tab, line feed, ... carriage return
    WhiteSpace{"", 0x20, 0x20},          // space
    WhiteSpace{"\xc2", 0x85, 0x85},      // U+0085 next line
    WhiteSpace{"\xc2", 0xa0, 0xa0},      // U+00A0 no-break space
    WhiteSpace{"\xe1\x9a", 0x80, 0x80},  // U+1680 ogham space mark
    WhiteSpace{"\xe2\x80", 0x80, 0x8a},  // U+2000 en quad ... U+200A hair space
    WhiteSpace{"\xe2\x80", 0xa8, 0xa9},  // U+2028 line, U+2029 paragraph separator
    WhiteSpace{"\xe2\x80", 0xaf, 0xaf},  // U+202F narrow no-break space
    WhiteSpace{"\xe2\x81", 0x9f, 0x9f},  // U+205F medium mathematical space
    WhiteSpace{"\xe3\x80", 0x80, 0x80},  // U+3000 ideographic space
};

// Bytes of the white space that `text` begins with; 0 when it begins with something else.
size_t leading_white_space(std::string_view text) {
  const auto* found =
      std::find_if(kWhiteSpace.begin(), kWhiteSpace.end(), [&](const WhiteSpace& space) {
        if (text.size() <= space.lead.size() || !text.starts_with(space.lead)) {
          return false;
        }
        const auto last = static_cast<unsigned char>(text[space.lead.size()]);
        return last >= space.first && last <= space.last;
      });
  return found == kWhiteSpace.end() ? 0 : found->lead.size() + 1;
}

// Bytes of the white space that `text` ends with; 0 when it ends with something else.
size_t trailing_white_space(std::string_view text) {
  for (const size_t bytes : {1, 2, 3}) {  // the lengths in the table
    if (bytes <= text.size() && leading_white_space(text.substr(text.size() - bytes)) == bytes) {
      return bytes;
    }
  }
  return 0;
}

std::string_view without_leading_white_space(std::string_view text) {
  while (const size_t bytes = leading_white_space(text)) {
    text.remove_prefix(bytes);
  }
  return text;
}

}  // namespace

bool is_blank(std::string_view text) {
  return without_leading_white_space(text).empty();
}

std::string_view trimmed(std::string_view text) {
  text = without_leading_white_space(text);
  while (const size_t bytes = trailing_white_space(text)) {
    text.remove_suffix(bytes);
  }
  return text;
}

}  // namespace fastintent
