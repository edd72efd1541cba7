#include "data/record_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "data/csv_reader.h"
#include "data/line_reader.h"
#include "fastintent/error.h"

namespace fastintent {

using nlohmann::json;

namespace {

using Names = std::vector<std::string>;

[[noreturn]] void throw_bad_row(const std::string& expected,
                                const std::string& found,
                                const std::string& file,
                                int64_t line) {
  throw Error(ErrorCode::invalid_data,
              fmt::format("read data: expected {}, found {} ({}:{})", expected, found, file, line));
}

std::string quoted(const Names& names, const char* separator) {
  Names texts;
  for (const std::string& name : names) {
    texts.push_back(fmt::format("'{}'", name));
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

// One text per line.
class TextRecords : public RecordReader {
 public:
  TextRecords(std::istream& stream, const std::string& name) : lines_(stream, name) {}

  bool next(Record& record) override {
    if (!lines_.next(record.text)) {
      return false;
    }
    if (record.text.ends_with('\r')) {
      record.text.pop_back();
    }
    record.label.clear();
    record.line = lines_.number();
    return true;
  }

 private:
  LineReader lines_;
};

// Comma- or tab-separated fields under a header row.
class CsvRecords : public RecordReader {
 public:
  CsvRecords(std::istream& stream,
             const std::string& name,
             char separator,
             const DatasetOptions& options,
             Labels labels)
      : lines_(stream, name, ByteOrderMark::skipped), csv_(lines_, separator) {
    if (!csv_.next(header_)) {
      throw_bad_row("a header row", "an empty file", name, 1);
    }
    text_column_ = find_column(text_names(options));
    label_column_ = labels == Labels::read ? find_column(label_names(options)) : header_.size();
  }

  bool next(Record& record) override {
    do {
      if (!csv_.next(fields_)) {
        return false;
      }
    } while (is_between_records());
    if (fields_.size() != header_.size()) {
      throw_bad_row(fmt::format("{} fields", header_.size()),
                    fmt::format("{}", fields_.size()),
                    lines_.name(),
                    csv_.line());
    }
    record.line = csv_.line();
    record.text = std::move(fields_[text_column_]);
    record.label =
        label_column_ < header_.size() ? std::move(fields_[label_column_]) : std::string();
    return true;
  }

 private:
  // A blank line is an empty field where records have one field, and no record where they have
  // more.
  bool is_between_records() const {
    return header_.size() > 1 && fields_.size() == 1 && fields_[0].empty();
  }

  size_t find_column(const Names& candidates) const {
    for (const std::string& name : candidates) {
      const auto found = std::find(header_.begin(), header_.end(), name);
      if (found == header_.end()) {
        continue;
      }
      if (std::find(found + 1, header_.end(), name) != header_.end()) {
        throw_bad_row(fmt::format("one column '{}'", name), "two", lines_.name(), csv_.line());
      }
      return static_cast<size_t>(found - header_.begin());
    }
    throw_bad_row(fmt::format("a column {}", quoted(candidates, " or ")),
                  fmt::format("columns {}", quoted(header_, ", ")),
                  lines_.name(),
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
      : lines_(stream, name, ByteOrderMark::skipped),
        text_names_(text_names(options)),
        label_names_(labels == Labels::read ? label_names(options) : Names{}) {}

  bool next(Record& record) override {
    if (!lines_.next(line_)) {
      return false;
    }
    record = Record{"", "", lines_.number()};
    if (is_blank(line_)) {
      return true;
    }
    const json object = parse();
    const json& text = member(object, text_names_);
    if (!text.is_string()) {
      fail(fmt::format("a string as {}", quoted(text_names_, " or ")), text.type_name());
    }
    record.text = text.get<std::string>();
    if (!label_names_.empty()) {
      record.label = label(member(object, label_names_));
    }
    return true;
  }

 private:
  [[noreturn]] void fail(const std::string& expected, const std::string& found) const {
    throw_bad_row(expected, found, lines_.name(), lines_.number());
  }

  json parse() const {
    json object = json::parse(line_, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) {
      fail("a JSON object", object.is_discarded() ? "invalid JSON" : object.type_name());
    }
    return object;
  }

  const json& member(const json& object, const Names& candidates) const {
    for (const std::string& name : candidates) {
      const auto found = object.find(name);
      if (found != object.end()) {
        return *found;
      }
    }
    Names keys;
    for (const auto& item : object.items()) {
      keys.push_back(item.key());
    }
    fail(fmt::format("a key {}", quoted(candidates, " or ")),
         fmt::format("keys {}", quoted(keys, ", ")));
  }

  std::string label(const json& value) const {
    if (value.is_number_integer()) {
      return value.dump();
    }
    if (!value.is_string()) {
      fail("a string or an integer as label", value.type_name());
    }
    return value.get<std::string>();
  }

  LineReader lines_;
  Names text_names_;
  Names label_names_;  // empty where labels are ignored
  std::string line_;
};

}  // namespace

std::unique_ptr<RecordReader> make_record_reader(std::istream& stream,
                                                 const std::string& name,
                                                 const DatasetOptions& options,
                                                 Labels labels) {
  switch (options.format) {
    case FileFormat::csv:
      return std::make_unique<CsvRecords>(stream, name, ',', options, labels);
    case FileFormat::tsv:
      return std::make_unique<CsvRecords>(stream, name, '\t', options, labels);
    case FileFormat::jsonl:
      return std::make_unique<JsonRecords>(stream, name, options, labels);
    case FileFormat::automatic:
    case FileFormat::text:
      break;
  }
  if (labels == Labels::read) {
    throw Error(ErrorCode::invalid_data,
                fmt::format("read data: expected CSV, TSV or JSON lines with labels, found text, "
                            "which has none ({})",
                            name));
  }
  return std::make_unique<TextRecords>(stream, name);
}

}  // namespace fastintent
