#include "fastintent/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "base/utf8.h"

namespace fastintent {

namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// What a terminal obeys, or shows as nothing. The two joiners U+200C and U+200D are not here: they
// are part of Persian words and of emoji.
constexpr std::array kEscaped = {
    Range{0x00, 0x1F},        // C0: escape sequences, line breaks, backspace
    Range{0x7F, 0x9F},        // delete and C1: escape sequences in one character
    Range{0xAD, 0xAD},        // soft hyphen
    Range{0x61C, 0x61C},      // Arabic letter mark
    Range{0x180E, 0x180E},    // Mongolian vowel separator
    Range{0x200B, 0x200B},    // zero width space
    Range{0x200E, 0x200F},    // left-to-right and right-to-left mark
    Range{0x2028, 0x202E},    // line and paragraph separator; direction of what follows
    Range{0x2060, 0x206F},    // word joiner, invisible operators, isolates of direction
    Range{0xFEFF, 0xFEFF},    // byte order mark
    Range{0xFFF9, 0xFFFB},    // interlinear annotation
    Range{0xE0000, 0xE007F},  // tags
};

bool is_escaped(char32_t code_point) {
  return std::any_of(kEscaped.begin(), kEscaped.end(), [&](const Range& range) {
    return range.first <= code_point && code_point <= range.last;
  });
}

using Output = std::back_insert_iterator<std::string>;

void escape(char32_t code_point, Output out) {
  const auto number = static_cast<uint32_t>(code_point);
  if (code_point == '\n') {
    fmt::format_to(out, "\\n");
  } else if (code_point == '\r') {
    fmt::format_to(out, "\\r");
  } else if (code_point == '\t') {
    fmt::format_to(out, "\\t");
  } else if (code_point < 0x80) {
    fmt::format_to(out, "\\x{:02x}", number);
  } else if (code_point < 0x10000) {
    fmt::format_to(out, "\\u{:04x}", number);
  } else {
    fmt::format_to(out, "\\U{:08x}", number);
  }
}

std::string escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::string_view valid = text.substr(0, valid_utf8_prefix(text));
    for (size_t i = 0; i < valid.size();) {
      const DecodedCharacter character = decode_utf8(valid.data() + i);
      if (is_escaped(character.code_point)) {
        escape(character.code_point, std::back_inserter(result));
      } else {
        result += valid.substr(i, character.bytes);
      }
      i += character.bytes;
    }
    text.remove_prefix(valid.size());
    if (!text.empty()) {
      fmt::format_to(
          std::back_inserter(result), "\\x{:02x}", static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
    }
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text, size_t max_characters) {
  constexpr std::string_view kCut = "...";
  const size_t kept = std::max(max_characters, kCut.size()) - kCut.size();
  // So many bytes of either end have more characters than are kept, so the rest need not be read.
  const size_t end = kMaxUtf8Bytes * (max_characters + 1);
  std::string all = text.size() / 2 > end
                        ? escaped(text.substr(0, end)) + escaped(text.substr(text.size() - end))
                        : escaped(text);
  std::vector<size_t> starts;  // of the characters of `all`
  for (size_t i = 0; i < all.size(); ++i) {
    if (!is_utf8_continuation(all[i])) {
      starts.push_back(i);
    }
  }
  if (starts.size() <= max_characters) {
    return all;
  }
  const size_t head = kept / 2;
  const size_t tail = kept - head;
  std::string result = all.substr(0, starts[head]);
  result += kCut;
  if (tail > 0) {
    result += all.substr(starts[starts.size() - tail]);
  }
  return result;
}

}  // namespace fastintent
