#pragma once

#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fastintent {

/// A stream of the UTF-8 of `source`, which has `encoding`, by iconv. It reads no further ahead than
/// the next line feed, so that a line is there as soon as it is written. What is not valid in the
/// encoding becomes a byte that is not UTF-8, so that all readers treat both in one way. `source`
/// must outlive the stream. `start` receives its first bytes, up to a line feed, as they are.
///
/// Throws invalid_argument for an encoding that iconv does not know.
std::unique_ptr<std::istream> decode_stream(std::istream& source,
                                            const std::string& encoding,
                                            std::string& start);

/// The bytes of `text`, which is UTF-8, in `encoding`, with the byte order mark that iconv writes
/// and back in the initial state at the end; nothing where the encoding lacks a character.
///
/// Throws invalid_argument for an encoding that iconv does not know.
std::optional<std::string> encode(std::string_view text, const std::string& encoding);

/// Whether `encoding` names UTF-8, which needs no decoding.
bool is_utf8_name(const std::string& encoding);

}  // namespace fastintent
