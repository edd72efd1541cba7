#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <string>
#include <utility>

#include "fastintent/dataset.h"

namespace fastintent {

/// A text, and its label where labels are read. Both empty for a blank line.
struct Record {
  std::string text;   ///< valid UTF-8
  std::string label;  ///< valid UTF-8, without white space around it
  int64_t line = 0;   ///< where it begins, from 1
};

/// Reads the records of a file in one of the formats. One thread at a time.
class RecordReader {
 public:
  virtual ~RecordReader() = default;

  /// False at the end. Throws invalid_data (file, line, expected, found) for a bad row, also for a
  /// label with bytes that are not UTF-8; in a text they are replaced.
  bool next(Record& record);

  const ReplacedTexts& replaced() const { return replaced_; }

 protected:
  /// `name` names the file in messages.
  explicit RecordReader(std::string name) : name_(std::move(name)) {}

  [[noreturn]] void fail(const std::string& expected, const std::string& found, int64_t line) const;
  const std::string& name() const { return name_; }

  enum class Row { none, as_in_file, repaired };

  /// Reads a record with the bytes of the file. `repaired`: U+FFFD in it may come from the reader.
  virtual Row read(Record& record) = 0;

 private:
  std::string name_;
  ReplacedTexts replaced_;
};

/// Whether the first record of a file of `options.format` names the columns.
bool has_header(const DatasetOptions& options);

/// Whether double quotes enclose fields, which may then hold line breaks.
bool has_quotes(const DatasetOptions& options);

enum class Labels { read, ignored };

/// A reader of `options.format` (`automatic` means text). Throws invalid_data when the file lacks a
/// header that it needs, or the columns; text files have no labels. The stream must outlive the
/// reader.
std::unique_ptr<RecordReader> make_record_reader(std::istream& stream,
                                                 const std::string& name,
                                                 const DatasetOptions& options,
                                                 Labels labels);

}  // namespace fastintent
