#include "text/chain_encoder.h"

#include "text/normalize/ascii.h"

namespace fastintent {

size_t first_cut(std::string_view text, size_t least) {
  for (size_t space = text.find(' ', least); space < text.size();
       space = text.find(' ', space + 1)) {
    if (space > 0 && space + 1 < text.size() && is_ascii_letter_or_digit(text[space - 1]) &&
        is_ascii_letter_or_digit(text[space + 1])) {
      return space;
    }
  }
  return text.size();
}

}  // namespace fastintent
