#include "data/record_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "base/white_space.h"
#include "data/csv_reader.h"
#include "data/json_line.h"
#include "data/line_reader.h"
#include "fastintent/error.h"

namespace fastintent {

namespace {

using Names = std::vector<std::string>;

std::string quoted(const Names& names, const char* separator) {
  constexpr size_t kMostNames = 10;       // enough to recognize the file by
  constexpr size_t kMostCharacters = 40;  // longer than the names of columns
  Names texts;
  for (const std::string& name : names) {
    if (texts.size() == kMostNames) {
      texts.emplace_back("...");
      break;
    }
    texts.push_back(
        name.size() <= kMostCharacters
            ? fmt::format("'{}'", name)
            : fmt::format("'{}...'", std::string_view(name).substr(0, kMostCharacters)));
  }
  return texts.empty() ? "none" : fmt::format("{}", fmt::join(texts, separator));
}

// The names a column may have, best first.
Names text_names(const DatasetOptions& options) {
  return {options.text_column.empty() ? "text" : options.text_column};
}
Names label_names(const DatasetOptions& options) {
  return options.label_column.empty() ? Names{"label", "intent", "category"}
                                      : Names{options.label_column};
}

bool has_replacement(std::string_view text) {
  return text.find("\xef\xbf\xbd") != std::string_view::npos;
}

// One text per line.
class TextRecords : public RecordReader {
 public:
  TextRecords(std::istream& stream, const std::string& name, const DatasetOptions& options)
      : RecordReader(name), lines_(stream, name, options.encoding) {}

 protected:
  Row read(Record& record) override {
    if (!lines_.next(record.text)) {
      return Row::none;
    }
    if (record.text.ends_with('\r')) {
      record.text.pop_back();
    }
    record.label.clear();
    record.line = lines_.number();
    return Row::as_in_file;
  }

 private:
  LineReader lines_;
};

// Comma- or tab-separated fields under a header row.
class CsvRecords : public RecordReader {
 public:
  CsvRecords(std::istream& stream,
             const std::string& name,
             const DatasetOptions& options,
             Labels labels)
      : RecordReader(name),
        lines_(stream, name, options.encoding),
        csv_(lines_, options.format == FileFormat::tsv ? '\t' : ',', has_quotes(options)) {
    if (!csv_.next(header_, kMaxColumns)) {
      fail("a header row", "an empty file", 1);
    }
    if (csv_.field_count() > kMaxColumns) {
      fail(fmt::format("at most {} columns", kMaxColumns),
           fmt::format("{}", csv_.field_count()),
           csv_.line());
    }
    text_column_ = find_column(text_names(options));
    label_column_ = labels == Labels::read ? find_column(label_names(options)) : header_.size();
  }

 protected:
  Row read(Record& record) override {
    do {
      if (!csv_.next(fields_, header_.size())) {
        return Row::none;
      }
    } while (is_between_records());
    if (csv_.field_count() != header_.size()) {
      fail(fmt::format("{} fields", header_.size()),
           fmt::format("{}{}", csv_.field_count(), quoting_advice(fields_)),
           csv_.line());
    }
    record.line = csv_.line();
    record.text = std::move(fields_[text_column_]);
    record.label =
        label_column_ < header_.size() ? std::move(fields_[label_column_]) : std::string();
    return Row::as_in_file;
  }

 private:
  static constexpr size_t kMaxColumns = 16384;  // those of the largest spreadsheets

  // A blank line is an empty field where records have one field, and no record where they have
  // more.
  bool is_between_records() const {
    return header_.size() > 1 && csv_.field_count() == 1 && fields_[0].empty();
  }

  // What to try where quotes have no meaning, but `fields` look as if they had.
  const char* quoting_advice(const Names& fields) const {
    const bool has_quote = std::any_of(fields.begin(), fields.end(), [](const std::string& field) {
      return field.starts_with('"');
    });
    return has_quote && !csv_.has_quotes() ? "; set quoting to on if quotes enclose fields" : "";
  }

  size_t find_column(const Names& candidates) const {
    for (const std::string& name : candidates) {
      const auto found = std::find(header_.begin(), header_.end(), name);
      if (found == header_.end()) {
        continue;
      }
      if (std::find(found + 1, header_.end(), name) != header_.end()) {
        fail(fmt::format("one column '{}'", name), "two", csv_.line());
      }
      return static_cast<size_t>(found - header_.begin());
    }
    fail(fmt::format("a column {}", quoted(candidates, " or ")),
         fmt::format("columns {}{}", quoted(header_, ", "), quoting_advice(header_)),
         csv_.line());
  }

  LineReader lines_;
  CsvReader csv_;
  Names header_;
  Names fields_;
  size_t text_column_ = 0;
  size_t label_column_ = 0;  // beyond the header where labels are ignored
};

// One JSON object per line.
class JsonRecords : public RecordReader {
 public:
  JsonRecords(std::istream& stream,
              const std::string& name,
              const DatasetOptions& options,
              Labels labels)
      : RecordReader(name),
        lines_(stream, name, options.encoding),
        text_names_(text_names(options)),
        label_names_(labels == Labels::read ? label_names(options) : Names{}) {}

 protected:
  Row read(Record& record) override {
    if (!lines_.next(line_)) {
      return Row::none;
    }
    record = Record{"", "", lines_.number()};
    if (is_blank(line_)) {
      return Row::as_in_file;
    }
    bool repaired = false;
    JsonLine found = parse(repaired);
    require(found.text, text_names_, found.keys);
    if (found.text.type != "string") {
      fail(
          fmt::format("a string as {}", quoted(text_names_, " or ")), found.text.type, record.line);
    }
    record.text = std::move(found.text.value);
    if (!label_names_.empty()) {
      require(found.label, label_names_, found.keys);
      if (!found.label.has_value) {
        fail("a string or an integer as label", found.label.type, record.line);
      }
      record.label = std::move(found.label.value);
    }
    return repaired ? Row::repaired : Row::as_in_file;
  }

 private:
  // The line, or what could be repaired of it.
  JsonLine parse(bool& repaired) const {
    JsonLine found = read_json_line(line_, text_names_, label_names_);
    if (!found.problem.empty()) {
      const std::string repaired_line = repaired_json_line(line_);
      repaired = repaired_line != line_;
      if (repaired) {
        found = read_json_line(repaired_line, text_names_, label_names_);
      }
    }
    if (!found.problem.empty()) {
      fail("a JSON object", found.problem, lines_.number());
    }
    return found;
  }

  void require(const JsonMember& member, const Names& names, const Names& keys) const {
    if (member.type.empty()) {
      fail(fmt::format("a key {}", quoted(names, " or ")),
           fmt::format("keys {}", quoted(keys, ", ")),
           lines_.number());
    }
  }

  LineReader lines_;
  Names text_names_;
  Names label_names_;  // empty where labels are ignored
  std::string line_;
};

}  // namespace

bool has_header(const DatasetOptions& options) {
  return options.format == FileFormat::csv || options.format == FileFormat::tsv;
}

bool has_quotes(const DatasetOptions& options) {
  return has_header(options) &&
         (options.quoting == Quoting::on ||
          (options.quoting == Quoting::automatic && options.format == FileFormat::csv));
}

void RecordReader::fail(const std::string& expected, const std::string& found, int64_t line) const {
  throw Error(
      ErrorCode::invalid_data,
      fmt::format("read data: expected {}, found {} ({}:{})", expected, found, name_, line));
}

bool RecordReader::next(Record& record) {
  const Row row = read(record);
  if (row == Row::none) {
    return false;
  }
  const size_t valid = valid_utf8_prefix(record.label);
  if (valid < record.label.size()) {
    fail("a label in UTF-8",
         fmt::format("the byte 0x{:02X}; set the encoding if the file has another, such as "
                     "windows-1252",
                     static_cast<unsigned char>(record.label[valid])),
         record.line);
  }
  if (row == Row::repaired && has_replacement(record.label)) {
    fail("a label in UTF-8", "one with bytes or a lone surrogate that are not", record.line);
  }
  record.label = std::string(trimmed(record.label));
  const bool replaced = row == Row::repaired ? has_replacement(record.text) : !is_utf8(record.text);
  if (replaced) {
    record.text = replace_invalid_utf8(record.text);
    replaced_.first_line = replaced_.texts == 0 ? record.line : replaced_.first_line;
    ++replaced_.texts;
  }
  return true;
}

std::unique_ptr<RecordReader> make_record_reader(std::istream& stream,
                                                 const std::string& name,
                                                 const DatasetOptions& options,
                                                 Labels labels) {
  switch (options.format) {
    case FileFormat::csv:
    case FileFormat::tsv:
      return std::make_unique<CsvRecords>(stream, name, options, labels);
    case FileFormat::jsonl:
      return std::make_unique<JsonRecords>(stream, name, options, labels);
    case FileFormat::automatic:
    case FileFormat::text:
      break;
  }
  if (labels == Labels::read) {
    throw Error(ErrorCode::invalid_data,
                fmt::format("read data: expected CSV, TSV or JSON lines with labels, found text, "
                            "which has none; name the format (--format csv) if it is another ({})",
                            name));
  }
  return std::make_unique<TextRecords>(stream, name, options);
}

}  // namespace fastintent
