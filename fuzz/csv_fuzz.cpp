#include <cstdint>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "data/csv_reader.h"
#include "fastintent/dataset.h"
#include "fastintent/error.h"

namespace {

using namespace fastintent;

using Records = std::vector<std::vector<std::string>>;

// Nothing for malformed CSV.
std::optional<Records> read_csv(const std::string& text) try {
  std::istringstream stream(text);
  LineReader lines(stream, "fuzz", "utf-8");  // named, so that no bytes are taken for another one
  CsvReader reader(lines, ',', true);
  Records records;
  std::vector<std::string> fields;
  while (reader.next(fields, SIZE_MAX)) {
    records.push_back(fields);
  }
  return records;
} catch (const Error&) {
  return std::nullopt;
}

std::string write_csv(const Records& records) {
  std::string text;
  for (const auto& fields : records) {
    for (size_t i = 0; i < fields.size(); ++i) {
      text += i == 0 ? "\"" : ",\"";
      for (const char c : fields[i]) {
        text += c == '"' ? "\"\"" : std::string(1, c);
      }
      text += '"';
    }
    text += "\r\n";
  }
  return text;
}

void read_texts(const std::string& text, const DatasetOptions& options) try {
  std::istringstream stream(text);
  TextReader reader(stream, "fuzz", options);
  std::string next;
  while (reader.next(next)) {
    if (!is_utf8(next)) {
      std::abort();
    }
  }
} catch (const Error&) {
  // expected for bad input; anything else is a finding
}

}  // namespace

// Records written as CSV are read back unchanged; and every format is read without a crash.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::optional<Records> records = read_csv(text);
  if (records && read_csv(write_csv(*records)) != records) {
    std::abort();
  }
  for (const FileFormat format :
       {FileFormat::text, FileFormat::csv, FileFormat::tsv, FileFormat::jsonl}) {
    read_texts(text, {format});
    if (size % 16 == 0) {  // not always: to open a conversion takes longer than all else here
      DatasetOptions options{format};
      options.encoding = "utf-16";
      read_texts(text, options);
    }
  }
  return 0;
}
