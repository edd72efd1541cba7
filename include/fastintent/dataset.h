#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fastintent {

/// How texts lie in a file. `automatic` goes by the extension: .csv, .tsv, .jsonl or .ndjson, else
/// text.
enum class FileFormat {
  automatic,
  text,   ///< one text a line
  csv,    ///< RFC 4180 with a header row
  tsv,    ///< tab-separated with a header row, quoted as RFC 4180
  jsonl,  ///< one JSON object a line
};

/// Column or key names; empty: "text" for texts, the first of "label", "intent" and "category" for
/// labels.
struct DatasetOptions {
  FileFormat format = FileFormat::automatic;  ///< how the texts are stored
  std::string text_column;                    ///< empty: `text`
  std::string label_column;                   ///< empty: `label`, `intent` or `category`
};

/// Labelled messages in file order, and what a careful person would want to know of them.
struct LabelledTexts {
  std::vector<std::string> texts;        ///< not blank
  std::vector<std::string> labels;       ///< one for each text
  std::vector<std::string> label_names;  ///< distinct labels, sorted
  std::vector<int64_t> label_counts;     ///< of label_names
  int64_t duplicates =
      0;  ///< rows whose text stood in an earlier row, but for case and white space around it
  int64_t conflicting_duplicates =
      0;                    ///< of those, rows whose label differs from the earlier row's
  int64_t blank_texts = 0;  ///< rows left out because their text is blank
};

/// Reads a whole labelled file. Rows with a blank text (empty or only Unicode white space) are left
/// out and counted. Throws missing_input when the file cannot be opened, invalid_data (file, line,
/// expected, found) for a bad row, a missing column, an empty label or no rows at all.
LabelledTexts read_labelled_texts(const std::filesystem::path& file,
                                  const DatasetOptions& options = {});

/// Reads texts one at a time in constant memory, blank ones included. One thread at a time.
class TextReader {
 public:
  /// `name` stands for the stream in messages; `FileFormat::automatic` means text. The stream must
  /// outlive the reader.
  TextReader(std::istream& stream, const std::string& name, const DatasetOptions& options = {});
  /// Throws missing_input when the file cannot be opened.
  explicit TextReader(const std::filesystem::path& file, const DatasetOptions& options = {});
  ~TextReader();
  /// A moved-from reader may only be destroyed or assigned.
  TextReader(TextReader&&) noexcept;
  /// As the move constructor.
  TextReader& operator=(TextReader&&) noexcept;

  /// The next text; false at the end. Throws invalid_data (file, line, expected, found) for a bad
  /// row.
  bool next(std::string& text);

 private:
  class Source;
  std::unique_ptr<Source> source_;
};

/// True for a text that is empty or only Unicode white space.
bool is_blank(std::string_view text);

}  // namespace fastintent
