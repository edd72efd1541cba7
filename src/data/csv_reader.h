#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/line_reader.h"

namespace fastintent {

/// Reads records of separated fields. One thread at a time.
///
/// With quotes, per RFC 4180, through libcsv in its strict mode: fields in quotes may hold
/// separators, line breaks (kept as they are) and doubled quotes. Without, a record is one line and a
/// quote is a character like any other. Lines end with LF or CRLF, the last one may lack it; spaces
/// belong to the fields.
class CsvReader {
 public:
  /// `separator` is ',' or a tab. `lines` must outlive the reader.
  CsvReader(LineReader& lines, char separator, bool has_quotes);
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  /// The first `most` fields of the next record, at least 1; false at the end. A blank line is a
  /// record of one empty field. Throws invalid_data (file, line, expected, found) for a stray quote,
  /// a carriage return on its own, a quote that is never closed or a record beyond kMaxLineBytes.
  bool next(std::vector<std::string>& fields, size_t most);

  size_t field_count() const { return field_count_; }  ///< of the last record, those left out, too
  int64_t line() const { return first_line_; }         ///< where the last record begins, from 1
  bool has_quotes() const { return parser_ != nullptr; }

 private:
  class Parser;

  void split(std::string_view line, std::vector<std::string>& fields, size_t most);
  void parse(std::string& line, std::vector<std::string>& fields, size_t most);
  [[noreturn]] void fail(const char* expected, const char* found, int64_t line) const;

  LineReader& lines_;
  const char separator_;
  std::unique_ptr<Parser> parser_;  // where quotes have a meaning
  size_t field_count_ = 0;
  int64_t first_line_ = 0;
};

}  // namespace fastintent
