#include "data/line_reader.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "data/decode_stream.h"
#include "data/recognize_encoding.h"
#include "fastintent/error.h"

namespace fastintent {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

LineReader::LineReader(std::istream& stream, std::string name, const std::string& encoding)
    : decoded_(encoding.empty() || is_utf8_name(encoding)
                   ? nullptr
                   : decode_stream(stream, encoding, start_)),
      stream_(decoded_ ? *decoded_ : stream),
      name_(std::move(name)),
      recognizes_encoding_(encoding.empty()) {}

bool LineReader::next(std::string& line) {
  if (!read(line)) {
    return false;
  }
  ++number_;
  if (number_ == 1) {
    check_container(decoded_ ? start_ : line);
  }
  if (recognizes_encoding_ && number_ <= 2) {
    check_head(line);
  } else if (recognizes_encoding_) {
    check_later(line);
  }
  if (number_ == 1 && line.starts_with(kByteOrderMark)) {
    line.erase(0, kByteOrderMark.size());
  }
  return true;
}

bool LineReader::read(std::string& line) {
  line.clear();
  bool whole = false;
  while (!whole && !stream_.eof()) {
    // At most a chunk, up to the next line feed, which is counted but not stored.
    stream_.getline(chunk_.data(), static_cast<std::streamsize>(chunk_.size()));
    const auto count = static_cast<size_t>(stream_.gcount());
    whole = stream_.good();
    line.append(chunk_.data(), whole ? count - 1 : count);
    if (line.size() > kMaxLineBytes) {
      throw Error(ErrorCode::invalid_data,
                  fmt::format("read line: expected at most {} bytes, found more ({}:{})",
                              kMaxLineBytes,
                              name_,
                              number_ + 1));
    }
    const bool chunk_is_full = count == chunk_.size() - 1;
    if (stream_.bad() || (stream_.fail() && !stream_.eof() && !chunk_is_full)) {
      throw Error(ErrorCode::io_error,
                  fmt::format("read line: expected a readable stream, found a failing one ({}:{})",
                              name_,
                              number_ + 1));
    }
    if (!whole && !stream_.eof()) {
      stream_.clear();
    }
  }
  return whole || !line.empty();
}

void LineReader::check_container(std::string_view start) const {
  if (const auto container = recognize_container(start)) {
    fail("a text", *container);
  }
}

// Two lines are enough: the second begins with the other half of a wide line feed.
void LineReader::check_head(const std::string& line) {
  head_.append(line, 0, kRecognizedBytes) += '\n';
  if (const auto found = recognize_encoding(head_)) {
    fail("UTF-8",
         fmt::format("{}; set the encoding to {} to read it", found->description, found->name));
  }
  // What another program appended later, such as a shell that writes UTF-16.
  if (number_ == 2) {
    head_ = {};
    check_later(line);
  }
}

// A line of UTF-16 behind others; it has its low or its high bytes first, whichever the end of the
// part before leaves.
void LineReader::check_later(const std::string& line) const {
  if (line.find('\0') != std::string::npos && recognize_encoding(line)) {
    fail("UTF-8 in all lines", "UTF-16 from this one on; convert the file to one encoding");
  }
}

void LineReader::fail(const std::string& expected, std::string_view found) const {
  throw Error(
      ErrorCode::invalid_data,
      fmt::format("read data: expected {}, found {} ({}:{})", expected, found, name_, number_));
}

}  // namespace fastintent
