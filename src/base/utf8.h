#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fastintent {

/// Replaces bytes that are not UTF-8.
constexpr char32_t kReplacementCharacter = 0xFFFD;

/// The longest encoding of a code point.
constexpr size_t kMaxUtf8Bytes = 4;

struct DecodedCharacter {
  char32_t code_point;
  size_t bytes;
};

/// Reads one code point of *valid* UTF-8; `text` does not end inside it.
inline DecodedCharacter decode_utf8(const char* text) {
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](size_t i) { return char32_t{byte(i)} & 0x3F; };
  const char32_t lead = byte(0);
  if (lead < 0x80) {
    return {lead, 1};
  }
  if (lead < 0xE0) {
    return {(lead & 0x1F) << 6 | tail(1), 2};
  }
  if (lead < 0xF0) {
    return {(lead & 0x0F) << 12 | tail(1) << 6 | tail(2), 3};
  }
  return {(lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4};
}

/// Writes a code point at `out`, which has room for kMaxUtf8Bytes; returns the end.
inline char* encode_utf8(char32_t code_point, char* out) {
  const auto put = [&out](char32_t byte) { *out++ = static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
  return out;
}

inline bool is_utf8_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// Reads the last code point of *valid* UTF-8, which is not empty.
inline DecodedCharacter decode_last_utf8(std::string_view text) {
  size_t start = text.size() - 1;
  while (is_utf8_continuation(text[start])) {
    --start;
  }
  return decode_utf8(text.data() + start);
}

/// How many bytes from the start are valid UTF-8.
size_t valid_utf8_prefix(std::string_view text);

/// `text` with U+FFFD for each maximal part that starts a code point and does not end it, and for
/// each other stray byte, as Rust's String::from_utf8_lossy reads it.
std::string replace_invalid_utf8(std::string_view text);

}  // namespace fastintent
