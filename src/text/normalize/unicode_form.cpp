#include "text/normalize/unicode_form.h"

#include <algorithm>
#include <vector>

#include "base/utf8.h"
#include "text/normalize/ascii.h"
#include "text/normalize/character_tables.h"
#include "text/normalize/hangul.h"
#include "text/normalize/unicode_tables.h"

// ASCII characters neither decompose nor combine with what is before them, so a text is normalized in
// parts: the characters outside ASCII, with the one ASCII character that may combine with the first.

namespace fastintent {
namespace {

uint8_t combining_class(char32_t c) {
  return character_class(c).combining_class;
}

void append_decomposed(char32_t c, bool compatible, std::vector<char32_t>& out) {
  if (is_hangul_syllable(c)) {
    append_hangul_parts(c, [&](char32_t part) { out.push_back(part); });
    return;
  }
  const UnicodeClass& kind = unicode_class(c);
  if (compatible && kind.has_own_compatibility) {
    const auto parts = compatibility_decomposition(c);
    out.insert(out.end(), parts.begin(), parts.end());
  } else if (kind.has_canonical) {
    const auto parts = canonical_decomposition(c);
    out.insert(out.end(), parts.begin(), parts.end());
  } else {
    out.push_back(c);
  }
}

// Sorts each run of marks by combining class.
void put_in_order(std::vector<char32_t>& text) {
  const auto is_mark = [](char32_t c) { return combining_class(c) != 0; };
  for (auto begin = text.begin(); begin != text.end();) {
    begin = std::find_if(begin, text.end(), is_mark);
    const auto end = std::find_if_not(begin, text.end(), is_mark);
    std::stable_sort(
        begin, end, [](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
    begin = end;
  }
}

char32_t composed_pair(char32_t first, char32_t second) {
  const char32_t hangul = composed_hangul(first, second);
  return hangul != 0 ? hangul : composition(first, second);
}

// Combines each starter with the marks behind it that nothing separates from it (Unicode 3.11).
void compose(std::vector<char32_t>& text) {
  constexpr size_t kNone = static_cast<size_t>(-1);
  size_t starter = kNone;
  size_t count = 0;
  int last_class = -1;  // of what was kept behind the starter; -1: nothing
  for (const char32_t c : text) {
    const int mark_class = combining_class(c);
    if (starter != kNone && last_class < mark_class) {
      if (const char32_t joined = composed_pair(text[starter], c); joined != 0) {
        text[starter] = joined;
        continue;
      }
    }
    if (mark_class == 0) {
      starter = count;
      last_class = -1;
    } else {
      last_class = mark_class;
    }
    text[count++] = c;
  }
  text.resize(count);
}

}  // namespace

std::string_view UnicodeForm::apply(std::string_view text, TextBuffer& out) const {
  if (std::all_of(text.begin(), text.end(), is_ascii)) {
    return text;
  }
  std::vector<char32_t> part;
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && is_ascii(text[plain]) &&
           (plain + 1 == text.size() || is_ascii(text[plain + 1]))) {
      ++plain;
    }
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    part.clear();
    for (bool is_first = true; !text.empty() && (is_first || !is_ascii(text[0]));
         is_first = false) {
      const DecodedCharacter character = decode_utf8(text.data());
      append_decomposed(character.code_point, compatible_, part);
      text.remove_prefix(character.bytes);
    }
    put_in_order(part);
    if (composed_) {
      compose(part);
    }
    char* end = out.room(part.size() * kMaxUtf8Bytes);
    for (const char32_t c : part) {
      end = encode_utf8(c, end);
    }
    out.end_at(end);
  }
  return out.view();
}

}  // namespace fastintent
