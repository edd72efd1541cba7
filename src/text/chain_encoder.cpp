#include "text/chain_encoder.h"

namespace fastintent {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

}  // namespace

size_t first_cut(std::string_view text, size_t least) {
  for (size_t space = text.find(' ', least); space < text.size();
       space = text.find(' ', space + 1)) {
    if (space > 0 && space + 1 < text.size() && is_letter_or_digit(text[space - 1]) &&
        is_letter_or_digit(text[space + 1])) {
      return space;
    }
  }
  return text.size();
}

}  // namespace fastintent
