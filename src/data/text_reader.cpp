#include <fstream>
#include <istream>
#include <utility>

#include "data/open_input.h"
#include "data/record_reader.h"
#include "data/row_memory.h"
#include "data/shard_stream.h"
#include "fastintent/dataset.h"

namespace fastintent {

// The records, and the file they come from where the reader opened it.
class TextReader::Source {
 public:
  Source(std::istream& stream, const std::string& name, const DatasetOptions& options)
      : stream_(stream),
        name_(name),
        records_(make_record_reader(stream, name, options, Labels::ignored)) {}
  Source(std::unique_ptr<std::istream> file, const std::string& name, const DatasetOptions& options)
      : file_(std::move(file)),
        stream_(*file_),
        name_(name),
        records_(make_record_reader(*file_, name, options, Labels::ignored)) {}

  bool next(std::string& text) {
    if (!records_->next(record_)) {
      return false;
    }
    text.swap(record_.text);
    return true;
  }
  std::vector<std::string> read_all() {
    RowMemory memory(stream_, name_);
    std::vector<std::string> texts;
    for (std::string text; next(text);) {
      if (!is_blank(text)) {
        memory.add(text, "");
        texts.push_back(std::move(text));
      }
    }
    return texts;
  }
  const std::string& name() const { return name_; }
  const ReplacedTexts& replaced() const { return records_->replaced(); }

 private:
  std::unique_ptr<std::istream> file_;  // none where a stream was given
  std::istream& stream_;
  std::string name_;
  std::unique_ptr<RecordReader> records_;
  Record record_;
};

TextReader::TextReader(std::istream& stream, const std::string& name, const DatasetOptions& options)
    : source_(std::make_unique<Source>(stream, name, options)) {}

TextReader::TextReader(const std::filesystem::path& file,
                       const DatasetOptions& options,
                       const Shard& shard) {
  require_shard(shard);
  DatasetOptions known = with_format_of(file, options);
  if (shard.count == 1) {
    source_ = std::make_unique<Source>(
        std::make_unique<std::ifstream>(open_input(file)), file.string(), known);
    return;
  }
  std::unique_ptr<std::istream> rows = open_shard(file, known, shard);
  if (known.encoding.empty()) {
    known.encoding = "utf-8";  // which open_shard has found
  }
  source_ = std::make_unique<Source>(std::move(rows), shard_name(file, shard), known);
}

TextReader::~TextReader() = default;
TextReader::TextReader(TextReader&&) noexcept = default;
TextReader& TextReader::operator=(TextReader&&) noexcept = default;

bool TextReader::next(std::string& text) {
  return source_->next(text);
}

std::vector<std::string> TextReader::read_all() {
  return source_->read_all();
}

const std::string& TextReader::name() const {
  return source_->name();
}

const ReplacedTexts& TextReader::replaced() const {
  return source_->replaced();
}

}  // namespace fastintent
