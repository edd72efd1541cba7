#include <fstream>
#include <istream>
#include <utility>

#include "data/open_input.h"
#include "data/record_reader.h"
#include "fastintent/dataset.h"

namespace fastintent {

// The records, and the file they come from where the reader opened it.
class TextReader::Source {
 public:
  Source(std::istream& stream, const std::string& name, const DatasetOptions& options)
      : records_(make_record_reader(stream, name, options, Labels::ignored)) {}
  Source(const std::filesystem::path& file, const DatasetOptions& options)
      : file_(open_input(file)),
        records_(make_record_reader(
            file_, file.string(), with_format_of(file, options), Labels::ignored)) {}

  bool next(std::string& text) {
    if (!records_->next(record_)) {
      return false;
    }
    text.swap(record_.text);
    return true;
  }
  const ReplacedTexts& replaced() const { return records_->replaced(); }

 private:
  std::ifstream file_;  // closed where a stream was given
  std::unique_ptr<RecordReader> records_;
  Record record_;
};

TextReader::TextReader(std::istream& stream, const std::string& name, const DatasetOptions& options)
    : source_(std::make_unique<Source>(stream, name, options)) {}

TextReader::TextReader(const std::filesystem::path& file, const DatasetOptions& options)
    : source_(std::make_unique<Source>(file, options)) {}

TextReader::~TextReader() = default;
TextReader::TextReader(TextReader&&) noexcept = default;
TextReader& TextReader::operator=(TextReader&&) noexcept = default;

bool TextReader::next(std::string& text) {
  return source_->next(text);
}

const ReplacedTexts& TextReader::replaced() const {
  return source_->replaced();
}

}  // namespace fastintent
