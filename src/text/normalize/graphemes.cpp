#include "text/normalize/graphemes.h"

#include "base/utf8.h"
#include "text/normalize/unicode_tables.h"

namespace fastintent {
namespace {

bool is_break(GraphemeClass kind) {
  return kind == GraphemeClass::control || kind == GraphemeClass::carriage_return ||
         kind == GraphemeClass::line_feed;
}

// The rules that need the code point before alone (GB3 to GB9b).
bool joins(GraphemeClass before, GraphemeClass kind) {
  using enum GraphemeClass;
  if (is_break(before) || is_break(kind)) {
    return before == carriage_return && kind == line_feed;
  }
  if (kind == extend || kind == joiner || kind == spacing_mark || before == prepend) {
    return true;
  }
  switch (before) {
    case lead:
      return kind == lead || kind == vowel || kind == syllable || kind == closed_syllable;
    case vowel:
    case syllable:
      return kind == vowel || kind == trail;
    case trail:
    case closed_syllable:
      return kind == trail;
    default:
      return false;
  }
}

// What the code points so far are, for the two rules that look further back.
class Sequences {
 public:
  // Whether `next` continues an emoji (GB11) or a conjunct (GB9c).
  bool continues(const UnicodeClass& next) const {
    return (next.grapheme == GraphemeClass::pictograph && emoji_ == Emoji::joined) ||
           (next.conjunct == ConjunctRole::consonant && has_linker_);
  }

  void add(const UnicodeClass& next) {
    if (next.grapheme == GraphemeClass::pictograph) {
      emoji_ = Emoji::open;
    } else if (next.grapheme == GraphemeClass::joiner && emoji_ == Emoji::open) {
      emoji_ = Emoji::joined;
    } else if (next.grapheme != GraphemeClass::extend || emoji_ != Emoji::open) {
      emoji_ = Emoji::none;
    }
    if (next.conjunct == ConjunctRole::consonant) {
      has_consonant_ = true;
      has_linker_ = false;
    } else if (next.conjunct == ConjunctRole::linker) {
      has_linker_ = has_consonant_;
    } else if (next.conjunct == ConjunctRole::none) {
      has_consonant_ = has_linker_ = false;
    }
  }

 private:
  enum class Emoji { none, open, joined };  // a pictograph and marks; with a joiner behind them

  Emoji emoji_ = Emoji::none;
  bool has_consonant_ = false;
  bool has_linker_ = false;
};

}  // namespace

size_t first_grapheme(std::string_view text) {
  DecodedCharacter character = decode_utf8(text.data());
  size_t bytes = character.bytes;
  UnicodeClass before = unicode_class(character.code_point);
  Sequences sequences;
  sequences.add(before);
  while (bytes < text.size()) {
    character = decode_utf8(text.data() + bytes);
    const UnicodeClass& kind = unicode_class(character.code_point);
    if (!joins(before.grapheme, kind.grapheme) && !sequences.continues(kind)) {
      break;
    }
    sequences.add(kind);
    before = kind;
    bytes += character.bytes;
  }
  return bytes;
}

}  // namespace fastintent
