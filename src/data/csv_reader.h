#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/line_reader.h"

namespace fastintent {

/// Reads records of separated fields per RFC 4180, through libcsv in its strict mode: fields in
/// quotes may hold separators, line breaks (kept as they are) and doubled quotes; lines end with LF
/// or CRLF, the last one may lack it; spaces belong to the fields. One thread at a time.
class CsvReader {
 public:
  /// `separator` is ',' or a tab. `lines` must outlive the reader.
  CsvReader(LineReader& lines, char separator);
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  /// The fields of the next record; false at the end. A blank line is a record of one empty field.
  /// Throws invalid_data (file, line, expected, found) for a stray quote, a carriage return on its
  /// own, a quote that is never closed or a record beyond kMaxLineBytes.
  bool next(std::vector<std::string>& fields);

  int64_t line() const { return first_line_; }  ///< where the last record begins, from 1

 private:
  class Parser;

  [[noreturn]] void fail(const char* expected, const char* found, int64_t line) const;

  LineReader& lines_;
  std::unique_ptr<Parser> parser_;
  int64_t first_line_ = 0;
};

}  // namespace fastintent
