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
    : decoded_(encoding.empty() || is_utf8_name(encoding) ? nullptr
                                                          : decode_stream(stream, encoding)),
      stream_(decoded_ ? *decoded_ : stream),
      name_(std::move(name)),
      recognizes_encoding_(encoding.empty()) {}

bool LineReader::next(std::string& line) {
  if (!read(line)) {
    return false;
  }
  ++number_;
  if (recognizes_encoding_) {
    check_encoding(line);
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

// Two lines are enough: the second begins with the other half of a wide line feed.
void LineReader::check_encoding(const std::string& line) {
  head_.append(line, 0, kRecognizedBytes) += '\n';
  const auto found = recognize_encoding(head_);
  if (found) {
    throw Error(
        ErrorCode::invalid_data,
        fmt::format("read data: expected UTF-8, found {}; set the encoding to {} to read it "
                    "({}:{})",
                    found->description,
                    found->name,
                    name_,
                    number_));
  }
  if (number_ == 2) {
    recognizes_encoding_ = false;
    head_ = {};
  }
}

}  // namespace fastintent
