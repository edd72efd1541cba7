#include "data/recognize_encoding.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace fastintent {
namespace {

using namespace std::string_view_literals;

struct Mark {
  std::string_view bytes;
  RecognizedEncoding encoding;
};

// Those of UTF-32 first: one of them begins with one of UTF-16.
constexpr std::array kMarks = {
    Mark{"\xff\xfe\0\0"sv, {"UTF-32 with a byte order mark", "utf-32"}},
    Mark{"\0\0\xfe\xff"sv, {"UTF-32 with a byte order mark", "utf-32"}},
    Mark{"\xff\xfe"sv, {"UTF-16 with a byte order mark", "utf-16"}},
    Mark{"\xfe\xff"sv, {"UTF-16 with a byte order mark", "utf-16"}},
};

struct Container {
  std::string_view bytes;  // that the file begins with; no text does
  std::string_view description;
};

constexpr std::array kContainers = {
    Container{"\x1f\x8b\x08"sv, "a file compressed by gzip; decompress it first"},
    Container{"BZh91AY&SY"sv, "a file compressed by bzip2; decompress it first"},
    Container{"\xfd"
              "7zXZ\0"sv,
              "a file compressed by xz; decompress it first"},
    Container{"\x28\xb5\x2f\xfd"sv, "a file compressed by zstd; decompress it first"},
    Container{"PK\3\4"sv, "a zip archive or a workbook; save the table in it as CSV first"},
    Container{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv,
              "a workbook; save the table in it as CSV first"},
    Container{"PAR1\x15"sv,
              "Parquet, which \"python -m fastintent predict\" predicts; otherwise save it as CSV "
              "first"},
    Container{"ARROW1\0\0"sv, "an Arrow file; save it as CSV first"},
    Container{"SQLite format 3\0"sv, "a database of SQLite; save the table in it as CSV first"},
    Container{"%PDF-1."sv, "a PDF; save its texts first"},
};

// Zeros at offsets that are 0, 1, 2 and 3 beyond a multiple of 4.
std::array<size_t, 4> count_zeros(std::string_view bytes) {
  std::array<size_t, 4> zeros{};
  for (size_t i = 0; i < bytes.size(); ++i) {
    zeros[i % 4] += bytes[i] == '\0' ? 1 : 0;
  }
  return zeros;
}

// Whether `bytes`, apart from their zeros, can be UTF-8: it is valid and has no control characters
// that texts do not have.
bool may_be_utf8(std::string_view bytes) {
  const bool has_control = std::any_of(bytes.begin(), bytes.end(), [](char c) {
    return c != '\0' && static_cast<unsigned char>(c) < 0x20 &&
           "\t\n\v\f\r\x1b"sv.find(c) == "\t"sv.npos;
  });
  // The last character may be cut.
  const size_t cut = bytes.size() == kRecognizedBytes ? kMaxUtf8Bytes - 1 : 0;
  return !has_control && valid_utf8_prefix(bytes) + cut >= bytes.size();
}

// Whether a zero completes a line feed, as in UTF-16: after it where characters begin with their
// low byte, before it where they end with it.
bool has_wide_line_feed(std::string_view bytes, bool low_byte_first) {
  for (size_t i = low_byte_first ? 0 : 1; i < bytes.size(); i += 2) {
    const size_t other = low_byte_first ? i + 1 : i - 1;
    if (bytes[i] == '\n' && other < bytes.size() && bytes[other] == '\0') {
      return true;
    }
  }
  return false;
}

// Whether zeros are only in the high bytes of the units of two, and either in most of them, as in
// Latin letters, or in some of bytes that UTF-8 would not have.
bool is_utf16(std::string_view bytes, size_t low_zeros, size_t high_zeros, bool low_byte_first) {
  const size_t units = bytes.size() / 2;
  if (low_zeros > 0 || high_zeros == 0 || units < 2) {
    return false;
  }
  const bool is_latin = 10 * high_zeros >= 7 * units;
  const bool has_spaces = high_zeros >= 2 && 16 * high_zeros >= units;  // a tenth of a usual text
  return is_latin ||
         ((has_spaces || has_wide_line_feed(bytes, low_byte_first)) && !may_be_utf8(bytes));
}

}  // namespace

std::optional<std::string_view> recognize_container(std::string_view first_bytes) {
  for (const Container& container : kContainers) {
    if (first_bytes.starts_with(container.bytes)) {
      return container.description;
    }
  }
  return std::nullopt;
}

std::optional<RecognizedEncoding> recognize_encoding(std::string_view first_bytes) {
  const std::string_view bytes = first_bytes.substr(0, kRecognizedBytes);
  for (const Mark& mark : kMarks) {
    if (bytes.starts_with(mark.bytes)) {
      return mark.encoding;
    }
  }
  const size_t units = bytes.size() / 4;
  const std::string_view whole = bytes.substr(0, 4 * units);
  const std::array<size_t, 4> wide = count_zeros(whole);
  if (units >= 2 && wide[2] == units && wide[3] == units && wide[0] == 0) {
    return RecognizedEncoding{"UTF-32 without a byte order mark", "utf-32le"};
  }
  if (units >= 2 && wide[0] == units && wide[1] == units && wide[3] == 0) {
    return RecognizedEncoding{"UTF-32 without a byte order mark", "utf-32be"};
  }
  const std::array<size_t, 4> zeros = count_zeros(bytes);
  const size_t even = zeros[0] + zeros[2];
  const size_t odd = zeros[1] + zeros[3];
  if (is_utf16(bytes, even, odd, true)) {
    return RecognizedEncoding{"UTF-16 without a byte order mark", "utf-16le"};
  }
  if (is_utf16(bytes, odd, even, false)) {
    return RecognizedEncoding{"UTF-16 without a byte order mark", "utf-16be"};
  }
  return std::nullopt;
}

}  // namespace fastintent
