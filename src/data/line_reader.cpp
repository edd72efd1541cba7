#include "data/line_reader.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "fastintent/error.h"

namespace fastintent {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

LineReader::LineReader(std::istream& stream, std::string name, ByteOrderMark mark)
    : stream_(stream), name_(std::move(name)), mark_(mark) {}

bool LineReader::next(std::string& line) {
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
  if (!whole && line.empty()) {
    return false;
  }
  ++number_;
  if (number_ == 1 && mark_ == ByteOrderMark::skipped && line.starts_with(kByteOrderMark)) {
    line.erase(0, kByteOrderMark.size());
  }
  return true;
}

}  // namespace fastintent
