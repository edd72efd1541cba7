// libcsv gets one line at a time. A line that ends no record ended inside quotes, so the record
// continues in the next one; that is how the first line of each record is known.
#include "data/csv_reader.h"

#include <csv.h>
#include <fmt/format.h>

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

  void begin_record(std::vector<std::string>& fields) {
    fields_ = &fields;
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

 private:
  // A field's buffer grows by this; libcsv's own 128 bytes would copy a long field too often.
  static constexpr size_t kGrowth = 65536;

  static void on_field(void* bytes, size_t size, void* self) {
    static_cast<Parser*>(self)->fields_->emplace_back(static_cast<const char*>(bytes), size);
  }
  static void on_record(int, void* self) { ++static_cast<Parser*>(self)->records_; }

  csv_parser state_{};
  std::vector<std::string>* fields_ = nullptr;
  int records_ = 0;
};

CsvReader::CsvReader(LineReader& lines, char separator)
    : lines_(lines), parser_(std::make_unique<Parser>(separator)) {}

CsvReader::~CsvReader() = default;

bool CsvReader::next(std::vector<std::string>& fields) {
  fields.clear();
  std::string line;
  if (!lines_.next(line)) {
    return false;
  }
  first_line_ = lines_.number();
  if (line.empty() || line == "\r") {  // libcsv would skip it
    fields.emplace_back();
    return true;
  }
  parser_->begin_record(fields);
  size_t bytes = 0;
  while (true) {
    line += '\n';
    bytes += line.size();
    if (bytes > kMaxLineBytes) {
      fail("a record within 64 MiB", "a longer one", first_line_);
    }
    if (!parser_->parse(line)) {
      fail("quotes around a whole field, doubled inside it", "a stray quote", lines_.number());
    }
    if (parser_->records() > 1) {
      fail("lines that end with LF or CRLF", "a carriage return on its own", lines_.number());
    }
    if (parser_->records() == 1) {
      return true;
    }
    if (!lines_.next(line)) {
      fail("a closing quote", "the end of the file", first_line_);
    }
  }
}

void CsvReader::fail(const char* expected, const char* found, int64_t line) const {
  throw Error(
      ErrorCode::invalid_data,
      fmt::format("read CSV: expected {}, found {} ({}:{})", expected, found, lines_.name(), line));
}

}  // namespace fastintent
