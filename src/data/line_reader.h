#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <memory>
#include <string>
#include <string_view>

namespace fastintent {

/// Longest line, and longest CSV record, that is read: no message is near it, and a file that is
/// not text at all costs no more than a few times this.
constexpr size_t kMaxLineBytes = size_t{16} << 20;

/// Reads a stream line by line and counts the lines. One thread at a time.
///
/// A line has the bytes of the stream, or their UTF-8 where another encoding is named. A UTF-8 byte
/// order mark at the beginning is no part of the first line.
class LineReader {
 public:
  /// `name` names the stream in messages; `encoding` as in DatasetOptions. The stream must outlive
  /// the reader. Throws invalid_argument for an unknown encoding.
  LineReader(std::istream& stream, std::string name, const std::string& encoding = "");

  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// The next line without its line feed; false at the end. Throws invalid_data for a line beyond
  /// kMaxLineBytes, for a file that is clearly no text and, where no encoding is named, for one that is
  /// clearly UTF-16 or UTF-32, from the beginning or from a later line on; io_error when the stream cannot
  /// be read.
  bool next(std::string& line);

  int64_t number() const { return number_; }  ///< of the last line read, from 1
  const std::string& name() const { return name_; }

 private:
  bool read(std::string& line);
  void check_container(std::string_view start) const;
  void check_head(const std::string& line);
  void check_later(const std::string& line) const;
  [[noreturn]] void fail(const std::string& expected, std::string_view found) const;

  std::string start_;                      // the first bytes of the stream, where it is decoded
  std::unique_ptr<std::istream> decoded_;  // where another encoding than UTF-8 is named
  std::istream& stream_;
  std::string name_;
  int64_t number_ = 0;
  bool recognizes_encoding_;
  std::string head_;                // the first two lines
  std::array<char, 4096> chunk_{};  // most lines are shorter
};

}  // namespace fastintent
