#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>

namespace fastintent {

/// Longest line, and longest CSV record, that is read: no message is near it, and a file that is
/// not text at all does not fill the memory.
constexpr size_t kMaxLineBytes = size_t{64} << 20;

/// Whether a UTF-8 byte order mark at the beginning is part of the first line.
enum class ByteOrderMark { kept, skipped };

/// Reads a stream of any bytes line by line and counts the lines. One thread at a time.
class LineReader {
 public:
  /// `name` names the stream in messages. The stream must outlive the reader.
  LineReader(std::istream& stream, std::string name, ByteOrderMark mark = ByteOrderMark::kept);

  /// The next line without its line feed; false at the end. Throws invalid_data for a line beyond
  /// kMaxLineBytes, io_error when the stream cannot be read.
  bool next(std::string& line);

  int64_t number() const { return number_; }  ///< of the last line read, from 1
  const std::string& name() const { return name_; }

 private:
  std::istream& stream_;
  std::string name_;
  ByteOrderMark mark_;
  int64_t number_ = 0;
  std::array<char, 4096> chunk_{};  // most lines are shorter
};

}  // namespace fastintent
