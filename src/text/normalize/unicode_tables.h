#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fastintent {

/// The property of UAX 29 that decides where a grapheme ends. Regional indicators have none: two of
/// them have eight bytes, and the length of a grapheme matters up to six (see Charsmap).
enum class GraphemeClass : uint8_t {
  other,
  control,
  carriage_return,
  line_feed,
  extend,
  joiner,
  spacing_mark,
  prepend,
  pictograph,
  lead,  ///< the last five are parts of Hangul
  vowel,
  trail,
  syllable,
  closed_syllable,
};

/// The part of a code point in a conjunct of an Indic script (rule GB9c of UAX 29).
enum class ConjunctRole : uint8_t { none, consonant, linker, extend };

/// What the regular expression of ByteLevel distinguishes: \p{L}, \p{N}, \s.
enum class CharacterKind : uint8_t { other, letter, number, space };

/// What Hugging Face `tokenizers` does with one code point in its normalizers other than
/// BertNormalizer, and in ByteLevel. scripts/make_unicode_tables.py measures it on the package.
struct UnicodeClass {
  GraphemeClass grapheme;
  ConjunctRole conjunct;
  CharacterKind kind;
  bool is_mark;                ///< removed by StripAccents
  bool has_canonical;          ///< has a canonical_decomposition (not a Hangul syllable)
  bool has_own_compatibility;  ///< has a compatibility_decomposition unlike the canonical one
};

/// `code_point` is below 0x110000.
const UnicodeClass& unicode_class(char32_t code_point);

/// The complete decomposition of a code point whose class says that it has one.
std::span<const char32_t> canonical_decomposition(char32_t code_point);
std::span<const char32_t> compatibility_decomposition(char32_t code_point);

/// The code point that the two compose to, or 0; without Hangul.
char32_t composition(char32_t first, char32_t second);

}  // namespace fastintent
