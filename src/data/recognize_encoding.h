#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace fastintent {

/// An encoding that a file has instead of UTF-8.
struct RecognizedEncoding {
  const char* description;  ///< for people
  const char* name;         ///< for iconv
};

/// Bytes of a file that recognize_encoding looks at.
constexpr size_t kRecognizedBytes = 4096;

/// The encoding that the first bytes of a file show: UTF-16 or UTF-32, by its byte order mark, or by
/// the zeros that it has in one half of each character's bytes. Nothing for UTF-8, nor for encodings
/// of single bytes, nor for text that merely contains a zero.
std::optional<RecognizedEncoding> recognize_encoding(std::string_view first_bytes);

/// What a file that begins with these bytes is instead of a text, with the way out: a compressed
/// file, a workbook, Parquet and others. Nothing for any text.
std::optional<std::string_view> recognize_container(std::string_view first_bytes);

}  // namespace fastintent
