#include "data/shard_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <streambuf>
#include <string_view>
#include <utility>
#include <vector>

#include "data/decode_stream.h"
#include "data/line_reader.h"
#include "data/open_input.h"
#include "data/record_reader.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

// A multiple of every unit; few calls, little memory.
constexpr size_t kBlockBytes = 65'536;

// How the characters that separate rows are stored in a file.
struct RowCharacters {
  std::string line_feed;
  std::string quote;  // empty where quotes do not enclose line feeds
  // What lines from the middle of a file are read after, so that the readers take the first
  // character of the first line for no byte order mark. Empty where the encoding has none.
  std::string mark;
};

[[noreturn]] void refuse_encoding(const std::string& encoding) {
  throw Error(
      ErrorCode::invalid_argument,
      fmt::format("read a shard: expected an encoding whose lines can be read from the middle "
                  "of a file, found {}; convert the file to UTF-8 first",
                  encoding));
}

// Characters of which an encoding that switches between character sets has at least one outside of
// the set that it begins with.
constexpr std::array kSwitchingCharacters = {"\u00e9", "\u3042", "\u4e2d", "\ud55c"};

// Encodes texts without the byte order mark that some encodings begin with.
class RowEncoder {
 public:
  explicit RowEncoder(const std::string& encoding) : encoding_(encoding) {
    const auto one = encode("A", encoding);
    const auto two = encode("AA", encoding);
    if (!one || !two) {
      refuse_encoding(encoding);
    }
    unit_ = two->size() - one->size();
    mark_ = one->substr(0, one->size() - unit_);
    for (const std::string_view character : kSwitchingCharacters) {
      const std::string once = bytes(character);
      if (bytes(fmt::format("{0}{0}", character)) != once + once) {
        refuse_encoding(encoding);
      }
    }
  }

  // Empty where the encoding lacks a character.
  std::string bytes(std::string_view text) const {
    const auto encoded = encode(text, encoding_);
    return encoded ? encoded->substr(mark_.size()) : "";
  }
  size_t unit() const { return unit_; }  // bytes of a character, at least
  const std::string& order_mark() const { return mark_; }

 private:
  std::string encoding_;
  size_t unit_ = 1;
  std::string mark_;
};

// `bytes` in the other byte order.
std::string reversed_units(std::string bytes, size_t unit) {
  for (size_t i = 0; i + unit <= bytes.size(); i += unit) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                 bytes.begin() + static_cast<std::ptrdiff_t>(i + unit));
  }
  return bytes;
}

// `first_bytes` of the file decide on the byte order where the name of the encoding does not.
RowCharacters row_characters(const DatasetOptions& options, std::string_view first_bytes) {
  RowCharacters characters{"\n", "\"", "\xef\xbb\xbf"};
  if (!options.encoding.empty() && !is_utf8_name(options.encoding)) {
    const RowEncoder encoder(options.encoding);
    const std::string& order = encoder.order_mark();
    characters = {encoder.bytes("\n"), encoder.bytes("\""), order + encoder.bytes("\ufeff")};
    if (!order.empty() && first_bytes.starts_with(reversed_units(order, encoder.unit()))) {
      for (std::string* bytes : {&characters.line_feed, &characters.quote, &characters.mark}) {
        *bytes = reversed_units(*bytes, encoder.unit());
      }
    }
    if (characters.line_feed.empty()) {
      refuse_encoding(options.encoding);
    }
  }
  if (!has_quotes(options)) {
    characters.quote.clear();
  }
  return characters;
}

// Finds the places of a file where rows begin, in the order of the file.
class RowStarts {
 public:
  RowStarts(std::istream& file, int64_t size, const RowCharacters& characters)
      : file_(file), size_(size), characters_(characters) {}

  // The first start of a row that is not before `position`; the end of the file where there is none.
  // `position` is not before that of the last call.
  int64_t first_from(int64_t position) {
    if (position <= start_) {
      return start_;
    }
    // A row begins behind its line feed, so that one unit earlier is the first to look at.
    const auto unit = static_cast<int64_t>(characters_.line_feed.size());
    const int64_t first_line_feed = (position + unit - 1) / unit * unit - unit;
    // Quotes before that place decide on whether a line feed there is in a field.
    int64_t at = characters_.quote.empty() ? std::max(start_, first_line_feed) : start_;
    bool in_quotes = false;
    std::vector<char> block(kBlockBytes);
    file_.clear();
    file_.seekg(at);
    while (at < size_) {
      const auto bytes = std::min<int64_t>(size_ - at, kBlockBytes);
      if (!file_.read(block.data(), bytes)) {
        throw Error(
            ErrorCode::io_error,
            fmt::format(
                "read a shard: expected {} bytes, found that reading fails after {}", size_, at));
      }
      const std::string_view found(block.data(), static_cast<size_t>(bytes));
      const size_t skipped =
          static_cast<size_t>(std::clamp<int64_t>(first_line_feed - at, 0, bytes));
      in_quotes ^= is_odd_number_of_quotes(found.substr(0, skipped));
      const size_t end = end_of_row(found, skipped, in_quotes);
      if (end != std::string_view::npos) {
        start_ = at + static_cast<int64_t>(end);
        return start_;
      }
      at += bytes;
    }
    start_ = size_;
    return start_;
  }

 private:
  bool is_odd_number_of_quotes(std::string_view bytes) const {
    const std::string& quote = characters_.quote;
    if (quote.size() == 1) {  // vectorised
      return std::count(bytes.begin(), bytes.end(), quote[0]) % 2 != 0;
    }
    bool odd = false;
    for (size_t i = 0; !quote.empty() && i < bytes.size(); i += quote.size()) {
      odd ^= bytes.substr(i, quote.size()) == quote;
    }
    return odd;
  }

  // Where the row ends in `bytes` from `from` on, behind its line feed; npos where it does not, and
  // then `in_quotes` is that at the end.
  size_t end_of_row(std::string_view bytes, size_t from, bool& in_quotes) const {
    const size_t unit = characters_.line_feed.size();
    for (size_t i = from; i < bytes.size(); i += unit) {
      const std::string_view character = bytes.substr(i, unit);
      if (character == characters_.line_feed && !in_quotes) {
        return i + unit;
      }
      in_quotes ^= !characters_.quote.empty() && character == characters_.quote;
    }
    return std::string_view::npos;
  }

  std::istream& file_;
  const int64_t size_;
  const RowCharacters& characters_;
  int64_t start_ = 0;  // the last one found
};

struct Range {
  int64_t begin;
  int64_t end;
};

// The bytes of a range of a file, after those of `head`.
class RangeBuffer : public std::streambuf {
 public:
  RangeBuffer(std::ifstream file, std::string head, const Range& range)
      : file_(std::move(file)),
        head_(std::move(head)),
        left_(range.end - range.begin),
        block_(kBlockBytes) {
    setg(head_.data(), head_.data(), head_.data() + head_.size());
    file_.clear();
    file_.seekg(range.begin);
  }

 protected:
  int_type underflow() override {
    const auto bytes = std::min<int64_t>(left_, kBlockBytes);
    if (bytes == 0) {
      return traits_type::eof();
    }
    if (!file_.read(block_.data(), bytes)) {
      throw std::ios_base::failure("the file cannot be read");  // becomes that of the stream
    }
    left_ -= bytes;
    setg(block_.data(), block_.data(), block_.data() + bytes);
    return traits_type::to_int_type(block_[0]);
  }

 private:
  std::ifstream file_;
  std::string head_;
  int64_t left_;  // bytes that are still to be read
  std::vector<char> block_;
};

class RangeStream : public std::istream {
 public:
  RangeStream(std::ifstream file, std::string head, const Range& range)
      : std::istream(nullptr), buffer_(std::move(file), std::move(head), range) {
    rdbuf(&buffer_);
  }

 private:
  RangeBuffer buffer_;
};

std::string read_first_bytes(std::istream& file, int64_t count) {
  std::string bytes(static_cast<size_t>(count), '\0');
  file.clear();
  file.seekg(0);
  file.read(bytes.data(), count);
  bytes.resize(static_cast<size_t>(file.gcount()));
  return bytes;
}

// Refuses a file that is clearly UTF-16 or UTF-32 where no encoding is named, as the reader of the
// complete file does, by its first two lines.
void check_encoding(std::istream& file, const std::string& name, const DatasetOptions& options) {
  LineReader lines(file, name, options.encoding);
  std::string line;
  for (int i = 0; i < 2 && lines.next(line); ++i) {
  }
}

}  // namespace

std::unique_ptr<std::istream> open_shard(const std::filesystem::path& file,
                                         const DatasetOptions& options,
                                         const Shard& shard) {
  std::error_code error;  // open_input reports what cannot be opened
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status) &&
      !std::filesystem::is_directory(status)) {
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("read a shard: expected an ordinary file, found a pipe or a device ({}); "
                    "write its texts to a file first",
                    file.string()));
  }
  std::ifstream stream = open_input(file);
  const auto size = static_cast<int64_t>(std::filesystem::file_size(file));
  check_encoding(stream, shard_name(file, shard), options);
  constexpr int64_t kLongestOrderMark = 4;  // of UTF-32
  const RowCharacters characters =
      row_characters(options, read_first_bytes(stream, kLongestOrderMark));
  RowStarts starts(stream, size, characters);
  const int64_t rows = has_header(options) ? starts.first_from(1) : 0;  // where they begin
  // In two steps, because the product of a size and an index may be too large.
  const auto boundary = [&](int64_t index) {
    const int64_t share = (size - rows) / shard.count;
    const int64_t rest = (size - rows) % shard.count;
    return rows + share * index + rest * index / shard.count;
  };
  const int64_t begin = starts.first_from(boundary(shard.index));
  const int64_t end =
      shard.index + 1 == shard.count ? size : starts.first_from(boundary(shard.index + 1));
  std::string head;
  if (has_header(options)) {
    head = read_first_bytes(stream, rows);
  } else if (begin > 0 && begin < end) {
    head = characters.mark;
  }
  return std::make_unique<RangeStream>(std::move(stream), std::move(head), Range{begin, end});
}

std::string shard_name(const std::filesystem::path& file, const Shard& shard) {
  return fmt::format("{}, shard {}/{}", file.string(), shard.index, shard.count);
}

void require_shard(const Shard& shard) {
  if (shard.count < 1 || shard.index < 0 || shard.index >= shard.count) {
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("read a shard: expected an index from 0 to the number of shards less 1, "
                    "found {} of {}",
                    shard.index,
                    shard.count));
  }
}

}  // namespace fastintent
