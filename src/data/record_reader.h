#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <string>

#include "fastintent/dataset.h"

namespace fastintent {

/// A text, and its label where labels are read. Both empty for a blank line.
struct Record {
  std::string text;
  std::string label;
  int64_t line = 0;  ///< where it begins, from 1
};

/// Reads the records of a file in one of the formats. One thread at a time.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  /// False at the end. Throws invalid_data (file, line, expected, found).
  virtual bool next(Record& record) = 0;
};

enum class Labels { read, ignored };

/// A reader of `options.format` (`automatic` means text). Throws invalid_data when the file lacks a
/// header that it needs, or the columns; text files have no labels. The stream must outlive the
/// reader.
std::unique_ptr<RecordReader> make_record_reader(std::istream& stream,
                                                 const std::string& name,
                                                 const DatasetOptions& options,
                                                 Labels labels);

}  // namespace fastintent
