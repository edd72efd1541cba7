#include "text/normalize/charsmap.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "base/utf8.h"
#include "text/normalize/ascii.h"
#include "text/normalize/graphemes.h"

// A unit of the double array: bits 0 to 7 and 31 are its label, bit 8 says that a key ends here, bit
// 9 that the offset is in units of 256, the bits from 10 on are the offset, by exclusive or, of its
// children. The child with the label 0 holds the value: where in the strings the replacement begins.

namespace fastintent {
namespace {

constexpr char kComplex = static_cast<char>(0x80);
// Longer graphemes are mapped by their characters.
constexpr size_t kLongGrapheme = 6;

bool has_leaf(uint32_t unit) {
  return (unit >> 8 & 1) != 0;
}

uint32_t label(uint32_t unit) {
  return unit & (uint32_t{1} << 31 | 0xFF);
}

uint32_t offset(uint32_t unit) {
  return (unit >> 10) << ((unit & uint32_t{1} << 9) >> 6);
}

std::vector<uint32_t> read_trie(std::string_view blob) {
  uint32_t bytes = 0;
  if (blob.size() < sizeof bytes) {
    throw std::invalid_argument("too short");
  }
  std::memcpy(&bytes, blob.data(), sizeof bytes);
  blob.remove_prefix(sizeof bytes);
  const size_t units = bytes / sizeof(uint32_t);
  if (units == 0 || units * sizeof(uint32_t) > blob.size()) {
    throw std::invalid_argument("a trie of another size than it says");
  }
  std::vector<uint32_t> trie(units);
  std::memcpy(trie.data(), blob.data(), units * sizeof(uint32_t));
  return trie;
}

}  // namespace

Charsmap::Charsmap(std::string_view blob) : trie_(read_trie(blob)) {
  values_ = blob.substr(sizeof(uint32_t) * (trie_.size() + 1));
  if (valid_utf8_prefix(values_) != values_.size()) {
    throw std::invalid_argument("strings that are not UTF-8");
  }
  for (size_t start = 0; start < values_.size();) {
    const size_t end = std::min(values_.find('\0', start), values_.size());
    if (end - start > kMostGrowth) {
      throw std::invalid_argument("a string that is too long");
    }
    start = end + 1;
  }
  for (size_t c = 0; c < ascii_.size(); ++c) {
    const char character = static_cast<char>(c);
    const std::string_view value = find({&character, 1});
    const bool is_mapped = value.data() != nullptr;
    ascii_[c] = !is_mapped ? character : value.size() == 1 ? value[0] : kComplex;
    if (is_ascii_letter_or_digit(character) || character == ' ') {
      keeps_letters_ &= ascii_[c] == character;
    }
  }
  ascii_['\r'] = kComplex;  // one grapheme with a line feed behind it
}

std::string_view Charsmap::find(std::string_view text) const {
  uint32_t place = offset(trie_[0]);
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    place ^= byte;
    if (byte == 0 || place >= trie_.size() || label(trie_[place]) != byte) {
      return {};
    }
    const uint32_t unit = trie_[place];
    place ^= offset(unit);
    if (has_leaf(unit)) {
      const size_t start =
          place < trie_.size() ? trie_[place] & ~(uint32_t{1} << 31) : values_.size();
      if (start >= values_.size() || is_utf8_continuation(values_[start])) {
        return std::string_view("");
      }
      return std::string_view(values_).substr(start, values_.find('\0', start) - start);
    }
  }
  return {};
}

void Charsmap::append_grapheme(std::string_view grapheme, TextBuffer& out) const {
  if (grapheme.size() < kLongGrapheme) {
    if (const std::string_view value = find(grapheme); value.data() != nullptr) {
      return out.append(value);
    }
  }
  while (!grapheme.empty()) {
    const std::string_view character = grapheme.substr(0, decode_utf8(grapheme.data()).bytes);
    const std::string_view value = find(character);
    out.append(value.data() != nullptr ? value : character);
    grapheme.remove_prefix(character.size());
  }
}

std::string_view Charsmap::apply(std::string_view text, TextBuffer& out) const {
  while (!text.empty()) {
    char* const start = out.room(text.size());
    size_t done = 0;
    // An ASCII character before another one is a grapheme alone.
    while (done < text.size() && is_ascii(text[done]) &&
           (done + 1 == text.size() || is_ascii(text[done + 1]))) {
      const char mapped = ascii_[static_cast<unsigned char>(text[done])];
      if (mapped == kComplex) {
        break;
      }
      start[done++] = mapped;
    }
    out.end_at(start + done);
    text.remove_prefix(done);
    if (text.empty()) {
      break;
    }
    const size_t bytes = first_grapheme(text);
    append_grapheme(text.substr(0, bytes), out);
    text.remove_prefix(bytes);
  }
  return out.view();
}

}  // namespace fastintent
