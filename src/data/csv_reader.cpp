// libcsv gets one line at a time. A line that ends no record ended inside quotes, so the record
// continues in the next one; that is how the first line of each record is known.
#include "data/csv_reader.h"

#include <csv.h>
#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "fastintent/error.h"

namespace fastintent {

// libcsv's state, and the fields it has reported of the record being read.
class CsvReader::Parser {
 public:
  explicit Parser(char separator) {
    if (csv_init(&state_, CSV_STRICT) != 0) {
      throw std::bad_alloc();
    }
    csv_set_delim(&state_, static_cast<unsigned char>(separator));
    csv_set_space_func(&state_, [](unsigned char) { return 0; });  // spaces are data
    csv_set_blk_size(&state_, kGrowth);
  }
  ~Parser() { csv_free(&state_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // Fields beyond `most` are counted, not kept: a line of separators would cost 32 times its size.
  void begin_record(std::vector<std::string>& fields, size_t most) {
    fields_ = &fields;
    most_ = most;
    field_count_ = 0;
    records_ = 0;
  }

  // False for a quote in a place where none is allowed.
  bool parse(const std::string& line) {
    const size_t parsed = csv_parse(&state_, line.data(), line.size(), on_field, on_record, this);
    if (parsed != line.size() && csv_error(&state_) != CSV_EPARSE) {
      throw std::bad_alloc();
    }
    return parsed == line.size();
  }

  int records() const { return records_; }  ///< ended since begin_record
  size_t field_count() const { return field_count_; }

 private:
  // A field's buffer grows by this; libcsv's own 128 bytes would copy a long field too often.
  static constexpr size_t kGrowth = 65536;

  static void on_field(void* bytes, size_t size, void* self) {
    static_cast<Parser*>(self)->add(static_cast<const char*>(bytes), size);
  }
  static void on_record(int, void* self) { ++static_cast<Parser*>(self)->records_; }

  void add(const char* bytes, size_t size) {
    if (++field_count_ <= most_) {
      fields_->emplace_back(bytes, size);
    }
  }

  csv_parser state_{};
  std::vector<std::string>* fields_ = nullptr;
  size_t most_ = 0;
  size_t field_count_ = 0;
  int records_ = 0;
};

CsvReader::CsvReader(LineReader& lines, char separator, bool has_quotes)
    : lines_(lines),
      separator_(separator),
      parser_(has_quotes ? std::make_unique<Parser>(separator) : nullptr) {}

CsvReader::~CsvReader() = default;

bool CsvReader::next(std::vector<std::string>& fields, size_t most) {
  fields.clear();
  std::string line;
  if (!lines_.next(line)) {
    return false;
  }
  first_line_ = lines_.number();
  if (!has_quotes()) {
    split(line, fields, most);
  } else if (line.empty() || line == "\r") {  // libcsv would skip it
    fields.emplace_back();
    field_count_ = 1;
  } else {
    parse(line, fields, most);
  }
  return true;
}

void CsvReader::split(std::string_view line, std::vector<std::string>& fields, size_t most) {
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  field_count_ = static_cast<size_t>(std::count(line.begin(), line.end(), separator_)) + 1;
  while (fields.size() < std::min(most, field_count_)) {
    const size_t end = std::min(line.find(separator_), line.size());
    fields.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
}

// Reads the lines of the record that `line` begins.
void CsvReader::parse(std::string& line, std::vector<std::string>& fields, size_t most) {
  parser_->begin_record(fields, most);
  size_t bytes = 0;
  while (true) {
    line += '\n';
    bytes += line.size();
    if (bytes > kMaxLineBytes) {
      fail("a record within 16 MiB", "a longer one", first_line_);
    }
    if (!parser_->parse(line)) {
      fail("quotes around a whole field, doubled inside it", "a stray quote", lines_.number());
    }
    if (parser_->records() > 1) {
      fail("lines that end with LF or CRLF", "a carriage return on its own", lines_.number());
    }
    if (parser_->records() == 1) {
      field_count_ = parser_->field_count();
      return;
    }
    if (!lines_.next(line)) {
      fail("a closing quote", "the end of the file", first_line_);
    }
  }
}

void CsvReader::fail(const char* expected, const char* found, int64_t line) const {
  // A quote that was forgotten is in the first line of a record, wherever it is noticed.
  const std::string begin =
      line == first_line_ ? "" : fmt::format(" in a record that begins in line {}", first_line_);
  throw Error(ErrorCode::invalid_data,
              fmt::format("read CSV: expected {}, found {}{} ({}:{})",
                          expected,
                          found,
                          begin,
                          lines_.name(),
                          line));
}

}  // namespace fastintent
