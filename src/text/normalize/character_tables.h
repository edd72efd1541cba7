#pragma once

#include <cstdint>

namespace fastintent {

/// What Hugging Face `tokenizers` does with one code point. scripts/make_character_tables.py
/// measures it on the package itself: its Unicode tables are older than any library's.
struct CharacterClass {
  bool is_control;      ///< removed when text is cleaned
  bool is_clean_space;  ///< replaced by ' ' when text is cleaned
  bool is_cjk;          ///< gets a space on both sides
  bool is_accent;       ///< removed when accents are stripped
  bool decomposes;      ///< in kDecompositions (Hangul syllables are computed instead)
  bool is_space;        ///< ends a word and is dropped
  bool is_punctuation;  ///< ends a word and is one itself
  bool is_word;         ///< `\w` of the regular expressions that single-word added tokens use
  /// Order among the marks after one starter (canonical combining class); 0 is a starter.
  uint8_t combining_class;
  int32_t lower_case_offset;  ///< added to the code point: its lower case
};

/// Canonical decomposition of one code point without its accents, padded with 0. Empty when
/// nothing is left.
struct Decomposition {
  char32_t from;
  char32_t to[3];
};

/// The longest UTF-8 output of the normalizer for one byte of input: bounds its buffer.
constexpr int kMaxNormalizedGrowth = 4;

/// Lower case of the one code point that has two: 'i' and this combining dot.
constexpr char32_t kCapitalIWithDot = 0x130;
constexpr char32_t kCombiningDotAbove = 0x307;

/// `code_point` is below 0x110000.
const CharacterClass& character_class(char32_t code_point);

/// The entry of a code point whose class says that it decomposes.
const Decomposition& decomposition(char32_t code_point);

}  // namespace fastintent
