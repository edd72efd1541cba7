#include "text/normalize/character_steps.h"

#include "base/utf8.h"
#include "text/normalize/character_tables.h"
#include "text/normalize/unicode_tables.h"
#include "text/normalize/white_space.h"

namespace fastintent {

std::string_view Strip::apply(std::string_view text, TextBuffer& /*out*/) const {
  if (left_) {
    text.remove_prefix(leading_space(text));
  }
  if (right_) {
    text.remove_suffix(trailing_space(text));
  }
  return text;
}

std::string_view LowerCase::apply(std::string_view text, TextBuffer& out) const {
  // The longest lower case of one byte of input has as many bytes as its share of kCapitalIWithDot.
  char* end = out.room(text.size() * kMaxNormalizedGrowth);
  for (size_t i = 0; i < text.size();) {
    const DecodedCharacter character = decode_utf8(text.data() + i);
    i += character.bytes;
    if (character.code_point == kCapitalIWithDot) {
      *end++ = 'i';
      end = encode_utf8(kCombiningDotAbove, end);
      continue;
    }
    end = encode_utf8(
        character.code_point + character_class(character.code_point).lower_case_offset, end);
  }
  out.end_at(end);
  return out.view();
}

std::string_view StripAccents::apply(std::string_view text, TextBuffer& out) const {
  char* end = out.room(text.size());
  for (size_t i = 0; i < text.size();) {
    const DecodedCharacter character = decode_utf8(text.data() + i);
    i += character.bytes;
    if (!unicode_class(character.code_point).is_mark) {
      end = encode_utf8(character.code_point, end);
    }
  }
  out.end_at(end);
  return out.view();
}

std::string_view BertStep::apply(std::string_view text, TextBuffer& out) const {
  char* const start = out.room(BertNormalizer::buffer_bytes(text.size()));
  const std::string_view normalized = normalizer_.normalize(text, start);
  out.end_at(start + normalized.size());
  return normalized;
}

}  // namespace fastintent
