#pragma once

namespace fastintent {

/// Whether a byte of UTF-8 is a complete character of ASCII.
inline bool is_ascii(char byte) {
  return static_cast<unsigned char>(byte) < 0x80;
}

inline bool is_ascii_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

}  // namespace fastintent
