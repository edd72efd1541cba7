#include "text/normalize/white_space.h"

#include "base/utf8.h"
#include "text/normalize/character_tables.h"

namespace fastintent {

namespace {

// Bytes of the characters from the start on that are white space, or that are not.
size_t leading(std::string_view text, bool space) {
  size_t bytes = 0;
  while (bytes < text.size()) {
    const DecodedCharacter character = decode_utf8(text.data() + bytes);
    if (character_class(character.code_point).is_space != space) {
      break;
    }
    bytes += character.bytes;
  }
  return bytes;
}

}  // namespace

size_t leading_space(std::string_view text) {
  return leading(text, true);
}

size_t leading_word(std::string_view text) {
  return leading(text, false);
}

size_t trailing_space(std::string_view text) {
  const size_t size = text.size();
  while (!text.empty()) {
    const DecodedCharacter character = decode_last_utf8(text);
    if (!character_class(character.code_point).is_space) {
      break;
    }
    text.remove_suffix(character.bytes);
  }
  return size - text.size();
}

}  // namespace fastintent
