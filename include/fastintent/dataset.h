#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fastintent {

/// How texts are stored in a file. `automatic` follows the extension: .csv, .tsv, .jsonl or
/// .ndjson, else text.
enum class FileFormat {
  automatic,
  text,   ///< one text per line
  csv,    ///< RFC 4180 with a header row
  tsv,    ///< tab-separated with a header row, quoted as RFC 4180
  jsonl,  ///< one JSON object per line
};

/// Column or key names; empty: "text" for texts, the first of "label", "intent" and "category" for
/// labels.
struct DatasetOptions {
  FileFormat format = FileFormat::automatic;  ///< how the texts are stored
  std::string text_column;                    ///< empty: `text`
  std::string label_column;                   ///< empty: `label`, `intent` or `category`
};

/// Labelled messages in file order, with counts that reveal common faults of the data.
struct LabelledTexts {
  std::vector<std::string> texts;        ///< not blank
  std::vector<std::string> labels;       ///< one for each text
  std::vector<std::string> label_names;  ///< distinct labels, sorted
  std::vector<int64_t> label_counts;     ///< of label_names
  /// Rows with the text of an earlier row, ignoring case and surrounding white space.
  int64_t duplicates = 0;
  /// Of those, rows with another label than the earlier row.
  int64_t conflicting_duplicates = 0;
  int64_t blank_texts = 0;  ///< rows skipped because their text is blank
};

/// Reads a complete labelled file. Rows with a blank text (empty or only Unicode white space) are
/// skipped and counted. Throws missing_input when the file cannot be opened, invalid_data (file,
/// line, expected, found) for a bad row, a missing column, an empty label or no rows at all.
LabelledTexts read_labelled_texts(const std::filesystem::path& file,
                                  const DatasetOptions& options = {});

/// Reads texts one at a time in constant memory, blank ones included. One thread at a time.
class TextReader {
 public:
  /// Messages call the stream `name`; `FileFormat::automatic` means text. The stream must outlive
  /// the reader.
  TextReader(std::istream& stream, const std::string& name, const DatasetOptions& options = {});
  /// Throws missing_input when the file cannot be opened.
  explicit TextReader(const std::filesystem::path& file, const DatasetOptions& options = {});
  ~TextReader();
  /// A moved-from reader may only be destroyed or assigned.
  TextReader(TextReader&&) noexcept;
  /// As the move constructor.
  TextReader& operator=(TextReader&&) noexcept;

  /// Reads the next text; returns false at the end. Throws invalid_data (file, line, expected,
  /// found) for a bad row.
  bool next(std::string& text);

 private:
  class Source;
  std::unique_ptr<Source> source_;
};

/// Returns true for a text that is empty or only Unicode white space.
bool is_blank(std::string_view text);

}  // namespace fastintent
